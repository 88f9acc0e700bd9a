// The table by which a plugin describes itself. Default, doc and range of every parameter stand in it once; parsing,
// checking, `noneq describe`, the JSON Schema and the reference are made from it.
// Built once per plugin when its library is loaded, then read only.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "noneq/plugin/object.hpp"
#include "noneq/plugin/parameter.hpp"

namespace noneq {

// The shape of an array as far as its readers depend on it before it exists.
enum class extent {
  other,
  like_samples,  // [n, …], each of the shape of one sample of the data
  per_step,      // one number for each step t, or for each entry of the axis, "t" or "step" beside it
  axis           // [k]: the abscissae of the per_step arrays beside it; its name is written below the figure
};

struct named_tensor_doc {
  std::string name, doc;  // doc states shape and dtype in words
  noneq::extent extent = extent::other;
};

// A key that a plugin had in earlier versions. Refused with an error that names the present key, or else gives advice.
struct former_key {
  std::string name, now;
  std::string advice = "";  // the remedy, where another plugin took over; `now` is then empty
};

// The properties of a plugin that are known without making one.
struct plugin_entry {
  std::string role, name, doc;
  node_kind kind = node_kind::part;
  bool takes_model = false;  // a transform: whether it applies a model, `of:`
  std::vector<parameter> parameters;
  std::vector<former_key> former_keys;
  std::vector<named_tensor_doc> reads, writes;
  std::vector<std::string> spaces;  // a kernel: the state spaces it is; others: those they work in, none = any
  std::function<std::shared_ptr<object>()> make;

  const parameter* find(std::string_view key) const;
  // Returns the entry of a renamed key; nullptr when no parameter ever had this key, or one has it now.
  const former_key* find_former(std::string_view key) const;
  std::string full_name() const { return role + "." + name; }
};

template <class P>
class description {
 public:
  explicit description(plugin_entry& e) : entry_(e) {}

  description& doc(std::string text) { return entry_.doc = std::move(text), *this; }

  // Declares a parameter that YAML may set: its key, the member that holds it (whose initial value is the default), one
  // sentence, and its limits: noneq::between, at_least, above, at_most, one_of, required.
  template <class T, class Owner, class... Limits>
  [[gnu::cold]] description& param(std::string_view name, T Owner::*member, std::string_view text,
                                   const Limits&... limits) {
    entry_.parameters.push_back(
        make_parameter<P>(name, static_cast<T P::*>(member), defaults().*member, text, merged({limits..., {}})));
    return *this;
  }

  // Declares that the parameter `now` was called `former` before: a pipeline that still has the old key is refused with
  // an error that names the new one.
  description& renamed(std::string former, std::string now) {
    return entry_.former_keys.push_back({std::move(former), std::move(now)}), *this;
  }
  // Declares that the plugin has no such parameter any more. `advice` completes "… has no parameter 'former'; ".
  description& removed(std::string former, std::string advice) {
    return entry_.former_keys.push_back({std::move(former), "", std::move(advice)}), *this;
  }

  description& reads(std::string name, std::string text, extent reach = extent::other) {
    return entry_.reads.push_back({name, text, reach}), *this;
  }
  description& writes(std::string name, std::string text, extent reach = extent::other) {
    return entry_.writes.push_back({name, text, reach}), *this;
  }
  // Declares that a transform takes a model as a constant input.
  description& takes_model() { return entry_.takes_model = true, *this; }
  description& spaces(std::initializer_list<std::string> names) { return entry_.spaces = names, *this; }

 private:
  static const P& defaults() {
    static const P made{};
    return made;
  }

  plugin_entry& entry_;
};

// A role may add parameters that all its plugins share: static void common(description<P>&).
template <class P>
[[gnu::cold]] plugin_entry make_entry(std::string name) {
  plugin_entry e;
  e.role = P::role_name;
  e.kind = P::kind;
  e.name = std::move(name);
  e.make = [] { return std::make_shared<P>(); };
  description<P> d(e);
  P::describe(d);
  if constexpr (requires { P::common(d); }) P::common(d);
  return e;
}

}

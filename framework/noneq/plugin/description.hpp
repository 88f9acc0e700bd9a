// The table by which a plugin describes itself. Default, doc and range of every parameter stand in it once; parsing,
// checking, `noneq describe`, the JSON Schema and the reference are made from it.
// Built once per plugin when its library is loaded, then read only.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "noneq/plugin/object.hpp"
#include "noneq/plugin/parameter.hpp"

namespace noneq {

// How far a tensor reaches, as far as those who read it must know before it is there.
enum class extent {
  other,
  like_samples,  // [n, …], each of the shape of one sample of the data
  per_step       // one number for each step t, or for each entry of the array "t" or "step" beside it
};

struct named_tensor_doc {
  std::string name, doc;  // doc says shape and dtype in words
  noneq::extent extent = extent::other;
};

// What is known of a plugin without making one.
struct plugin_entry {
  std::string role, name, doc;
  std::vector<parameter> parameters;
  std::vector<named_tensor_doc> reads, writes;
  std::vector<std::string> spaces;  // a kernel: the state spaces it is; others: those they work in, none = any
  std::function<std::shared_ptr<object>()> make;

  const parameter* find(std::string_view key) const;
  std::string full_name() const { return role + "." + name; }
};

template <class P>
class description {
 public:
  explicit description(plugin_entry& e) : entry_(e) {}

  description& doc(std::string text) { return entry_.doc = std::move(text), *this; }

  // A parameter that YAML may set: its key, the member that holds it (whose initial value is the default), one
  // sentence, and what restricts it: noneq::between, at_least, above, at_most, one_of, required.
  template <class T, class Owner, class... Limits>
  description& param(std::string name, T Owner::*member, std::string text, Limits... limits) {
    static const P defaults{};
    entry_.parameters.push_back(
        make_parameter<P>(std::move(name), static_cast<T P::*>(member), defaults.*member, std::move(text), limits...));
    return *this;
  }

  description& reads(std::string name, std::string text) { return entry_.reads.push_back({name, text}), *this; }
  description& writes(std::string name, std::string text, extent reach = extent::other) {
    return entry_.writes.push_back({name, text, reach}), *this;
  }
  description& spaces(std::initializer_list<std::string> names) { return entry_.spaces = names, *this; }

 private:
  plugin_entry& entry_;
};

// A role may add parameters that all its plugins share: static void common(description<P>&).
template <class P>
plugin_entry make_entry(std::string name) {
  plugin_entry e;
  e.role = P::role_name;
  e.name = std::move(name);
  e.make = [] { return std::make_shared<P>(); };
  description<P> d(e);
  P::describe(d);
  if constexpr (requires { P::common(d); }) P::common(d);
  return e;
}

}

// A plugin within a plugin, e.g. the time sampler of a noiser:  noneq::part<noneq::time_sampler> time{"uniform"};
// In YAML a bare name or a map {plugin: name, …}. Without a name in the table it is optional and may stay empty.
#pragma once

#include <memory>
#include <string>

#include "noneq/plugin/parameter.hpp"

namespace noneq {

struct plugin_entry;

// A plugin made from YAML: the object, its table, and its place in the file.
struct instance {
  std::shared_ptr<object> made;
  const plugin_entry* entry = nullptr;
  place where;
};

// Makes a plugin of `role` from a name or a map; problems (unknown plugin, unknown key, bad value) are added to
// r.found. `reserved` keys of the map are skipped. Returns an instance without object when the plugin could not be
// made.
instance instantiate(std::string_view role, const config::value& v, const reading& r,
                     const std::vector<std::string>& reserved = {});

// Returns the plugin with all its parameters, defaults included: {plugin: name, …}.
config::value render(const instance&);

template <class Role>
class part {
 public:
  using role_type = Role;
  static constexpr bool is_list = false;
  part() = default;
  explicit part(std::string name) : name_(std::move(name)) {}

  explicit operator bool() const { return made_.made != nullptr; }
  Role* operator->() const { return static_cast<Role*>(made_.made.get()); }
  Role& operator*() const { return static_cast<Role&>(*made_.made); }
  const std::string& name() const { return name_; }
  const instance& made() const { return made_; }

  void assign(const config::value* given, const reading& r) {
    if (given == nullptr && name_.empty()) return;
    made_ = instantiate(Role::role_name, given ? *given : config::value::scalar(name_), r);
  }
  config::value render() const { return made_.made ? noneq::render(made_) : config::value::null(); }
  void visit(const std::function<void(const instance&)>& f) const {
    if (made_.made) f(made_);
  }

 private:
  std::string name_;
  instance made_;
};

// Any number of plugins within a plugin, in order, e.g. the guides of a sampler:  noneq::parts<noneq::guide> guides;
// In YAML a list of parts, or a single one.
template <class Role>
class parts {
 public:
  using role_type = Role;
  static constexpr bool is_list = true;

  bool empty() const { return made_.empty(); }
  // Returns the plugins that could be made.
  std::vector<const Role*> all() const {
    std::vector<const Role*> roles;
    for (const instance& i : made_)
      if (i.made) roles.push_back(static_cast<const Role*>(i.made.get()));
    return roles;
  }

  void assign(const config::value* given, const reading& r) {
    if (given == nullptr) return;
    made_.clear();
    if (given->type() != config::value::kind::list) return made_.push_back(instantiate(Role::role_name, *given, r));
    for (const config::value& item : given->items())
      made_.push_back(instantiate(Role::role_name, item,
                                  {r.plugins, r.found, r.subject + "[" + std::to_string(made_.size()) + "]"}));
  }
  void visit(const std::function<void(const instance&)>& f) const {
    for (const instance& i : made_)
      if (i.made) f(i);
  }
  config::value render() const {
    if (made_.empty()) return config::value::null();
    config::value list = config::value::list();
    for (const instance& i : made_) list.push_back(noneq::render(i));
    return list;
  }

 private:
  std::vector<instance> made_;
};

}

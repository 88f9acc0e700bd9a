// The plugin whose laws are checked, with the plugins that may stand around it. Not thread-safe; the objects that it
// makes have the threads of their role.
#pragma once

#include <map>
#include <string>

#include "noneq/plugin/part.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq::laws {

class subject {
 public:
  // Throws noneq::error when there is no such plugin or parameters are wrong.
  subject(const std::string& plugin, const std::string& parameters);

  const std::string& name() const { return name_; }  // "schedule.mine"
  const plugin_entry& entry() const { return *made_.entry; }
  const instance& made() const { return made_; }
  registry& plugins() const { return plugins_; }

  template <class Role>
  std::shared_ptr<Role> as() const {
    return std::dynamic_pointer_cast<Role>(made_.made);
  }
  // Returns another object with equal parameters but those in `changes`, YAML texts by name. Throws noneq::error where
  // the plugin refuses them.
  template <class Role>
  std::shared_ptr<Role> again(const std::map<std::string, std::string>& changes = {}) const {
    return std::dynamic_pointer_cast<Role>(another(changes));
  }
  std::shared_ptr<object> another(const std::map<std::string, std::string>& changes = {}) const;
  // Returns another object made from the parameters as they are stored.
  instance restored() const;

  // Returns a plugin to put around this one, from its name or a YAML map. Throws noneq::error.
  template <class Role>
  std::shared_ptr<Role> other(const std::string& yaml) const {
    return std::dynamic_pointer_cast<Role>(instance_of(Role::role_name, yaml).made);
  }
  instance instance_of(std::string_view role, const std::string& yaml) const;

 private:
  mutable registry plugins_;
  std::string name_;
  config::value parameters_;
  instance made_;
};

}

// Laws of the roles, for the tests of a plugin author: each law is a sentence about every plugin of a role, most of
// them a part of the contract that the role's header states, tried on data and a process that are made for it. From any
// test framework, in a program that links noneq::laws:
//
//   CHECK(noneq::laws::broken("schedule.mine", "{power: 3}") == std::vector<std::string>{});
//
// Plugins are searched where the program searches them, in the folders of NONEQ_PLUGIN_PATH first and in the installed
// package last, and so are the parts that a law puts around a plugin. Threads: one call at a time; laws start threads
// of their own. Includes nothing of libtorch; make() needs the header of its role, as noneq/plugin.hpp has it.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "noneq/core/error.hpp"

namespace noneq {
struct object;
}

namespace noneq::laws {

// Sentences that a test framework can print, a line each.
struct sentences : std::vector<std::string> {
  using std::vector<std::string>::vector;
};
inline std::ostream& operator<<(std::ostream& out, const sentences& all) {
  if (all.empty()) return out << "no law is broken";
  for (const std::string& sentence : all) out << '\n' << sentence;
  return out;
}

// Returns one sentence for each law of its role that the plugin breaks, with the value found and the value needed, and
// nothing when it keeps all of them. `plugin` is the full name, "schedule.mine"; `parameters` a YAML map in flow style.
// Throws noneq::error when there is no such plugin or its parameters are wrong.
sentences broken(const std::string& plugin, const std::string& parameters = "{}");

// Returns the laws of a role, a sentence each, in the order in which they are checked. Transforms of samples and of
// models have laws of their own, those of "sample_transform" and "model_transform". Throws noneq::error for an unknown
// role.
std::vector<std::string> of_role(const std::string& role);

// Returns the roles that have laws, with the two kinds of transform above.
std::vector<std::string> roles();

// Returns the plugin, configured. Throws as broken() does, and where the plugin has another role.
std::shared_ptr<object> made(std::string_view role, const std::string& plugin, const std::string& parameters);

// Returns the plugin as its role, configured: make<noneq::schedule>("schedule.mine", "{power: 3}"). Throws as made().
template <class Role>
std::shared_ptr<Role> make(const std::string& plugin, const std::string& parameters = "{}") {
  auto as_role = std::dynamic_pointer_cast<Role>(made(Role::role_name, plugin, parameters));
  if (!as_role) throw error("got " + plugin + ", need another kind of " + std::string(Role::role_name));
  return as_role;
}

}

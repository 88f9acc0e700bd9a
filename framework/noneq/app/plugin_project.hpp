// The files with which a plugin begins: source, tests, pipeline, README.md and CMakeLists.txt, made of templates. The
// templates of a kind lie in share/noneq/new/<kind>, those of all kinds in share/noneq/new/all; where both have a file
// of one name, that of the kind follows the other. In texts and names of files
//
//   my_plugin      becomes the name of the plugin
//   my_role        its role as pipelines name it
//   my_parameters  those without which a plugin of the kind cannot be made, as YAML
//   my_prefix      the prefix of the installed program, as it stands between the quotes of a CMake argument
//
// Pure, but for reading the templates.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace noneq::app {

// The names of the roles' headers, noneq/plugin/roles/<kind>.hpp.
const std::vector<std::string>& plugin_kinds();

// Returns the role of a kind: the three kinds of transform share one.
std::string role_of_kind(const std::string& kind);

struct plugin_project {
  std::string kind, name;

  // Throws noneq::error when there is no such kind, or when a plugin of this kind cannot have this name because it is
  // no identifier in small letters, or a name that the template or its role uses.
  void check() const;
  // Returns the texts of all files, by name. `prefix` is that of the installed program, "" when there is none.
  std::map<std::string, std::string> files(const std::filesystem::path& prefix) const;

  std::string full_name() const { return role_of_kind(kind) + "." + name; }
};

}

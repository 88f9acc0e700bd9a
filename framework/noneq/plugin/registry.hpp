// The plugins of this machine: files <role>.<name>.so in a list of folders, loaded when first asked for and kept until
// the program ends. Not thread-safe: pipelines are read by one thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "noneq/plugin/description.hpp"

namespace noneq {

class registry {
 public:
  // Earlier folders win over later ones; folders that do not exist are passed over.
  explicit registry(std::vector<std::filesystem::path> folders);
  ~registry();

  // Throws noneq::error: no such plugin (did you mean …), or a library that is none, is built against another API, or
  // fails.
  const plugin_entry& find(std::string_view role, std::string_view name);

  std::vector<std::string> roles() const;
  std::vector<std::string> names(std::string_view role) const;  // sorted; nothing is loaded
  // The libraries of that name, the one that is used first, in the order of the folders; empty: there is none.
  const std::vector<std::filesystem::path>& files(std::string_view role, std::string_view name) const;
  const std::vector<std::filesystem::path>& folders() const { return folders_; }  // where they were looked for

 private:
  struct library;
  std::vector<std::filesystem::path> folders_;
  std::map<std::pair<std::string, std::string>, std::vector<std::filesystem::path>> files_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<library>> loaded_;
};

// A new object of the plugin; whatever its constructor throws becomes a noneq::error with the plugin's name.
std::shared_ptr<object> make_object(const plugin_entry&);

// The folders to look in: $NONEQ_PLUGIN_PATH (colon-separated), then plugins/ beside the program, then the installed
// folder.
std::vector<std::filesystem::path> plugin_folders();

}

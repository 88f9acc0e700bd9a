// The plugins of this machine: the shared libraries (*.so) in a list of folders. The list of a library's plugins is
// read from its file, and a library is loaded when one of its plugins is first needed. It stays loaded until the
// program ends. Not thread-safe: pipelines are read by one thread.
//
// A file called <role>.<name>.so in which no plugin is found counts as that plugin, and finding it throws the reason
// why it is none.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "noneq/plugin/library.hpp"

namespace noneq {

class registry {
 public:
  // Earlier folders win over later ones, and within a folder the first file of the alphabet. Folders that do not exist
  // are skipped.
  explicit registry(std::vector<std::filesystem::path> folders);
  ~registry();

  // Makes a plugin of the program itself known, of which there is no library; it goes before any other of its name. The
  // table outlives the registry.
  void add(const plugin_entry& own) { entries_[{own.role, own.name}] = &own; }

  // Returns the plugin's table. Throws noneq::error when there is no such plugin (did you mean …), or when its library
  // cannot be loaded, is built against another API, or fails.
  const plugin_entry& find(std::string_view role, std::string_view name);

  std::vector<std::string> roles() const;
  std::vector<std::string> names(std::string_view role) const;  // sorted; nothing is loaded
  // Returns the libraries that hold the plugin in the order of the folders, the one that is used first; empty: there is
  // none.
  const std::vector<std::filesystem::path>& files(std::string_view role, std::string_view name) const;
  // Returns the name of the plugin's library for messages, and the plugin when the library holds several.
  std::string place(std::string_view role, std::string_view name) const;
  const std::vector<std::filesystem::path>& folders() const { return folders_; }  // the folders searched
  // Returns one line for each file whose plugins cannot be known because it is truncated.
  const std::vector<std::string>& truncated() const { return truncated_; }

 private:
  void look_into(const std::filesystem::path& folder);
  std::string no_such_plugin(std::string_view role, std::string_view name) const;

  std::vector<std::filesystem::path> folders_;
  std::map<plugin_key, std::vector<std::filesystem::path>> files_;
  std::map<std::filesystem::path, std::vector<plugin_key>> held_;  // the plugins in each file
  std::vector<std::string> truncated_;
  std::map<std::filesystem::path, std::unique_ptr<library>> loaded_;
  std::map<plugin_key, const plugin_entry*> entries_;
};

// Returns a new object of the plugin. Any exception of its constructor becomes a noneq::error with the plugin's name.
std::shared_ptr<object> make_object(const plugin_entry&);

// Returns the folders to search: $NONEQ_PLUGIN_PATH (colon-separated), then the folder in which noneq is installed,
// then plugins/ of the folder in which it was built; whichever program it is loaded into.
std::vector<std::filesystem::path> plugin_folders();

}

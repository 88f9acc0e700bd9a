// A shared library of plugins: the list of its plugins, read from its file, and the library once it is loaded.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/dll/shared_library.hpp>

#include "noneq/plugin/abi.hpp"
#include "noneq/plugin/crashes.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

using plugin_key = std::pair<std::string, std::string>;  // role and name

// Returns the plugins in a file; none when it is no library of plugins. Loads nothing. Throws noneq::error, without the
// name of the file, when the file is truncated.
std::vector<plugin_key> plugins_in(const std::filesystem::path& file);

// Returns the name of a plugin's file for messages, and the plugin beside it when the file holds several.
std::string place_of(const std::filesystem::path& file, std::string_view role, std::string_view name, bool several);

class library {
 public:
  // Loads the file. Throws noneq::error, which begins with the file, when it cannot be loaded, holds no plugins, or is
  // built against another interface. Not thread-safe, like all of this class.
  explicit library(const std::filesystem::path& file);
  library(const library&) = delete;

  // Returns the plugin's table, which is made in the first call. Throws noneq::error, which begins with place_of(),
  // when describe() throws or makes a table that check_table() refuses.
  const plugin_entry& describe(std::string_view role, std::string_view name) const;

 private:
  const std::filesystem::path file_;
  const std::string name_;  // file_, where the handler of a crash can read it
  boost::dll::shared_library handle_;
  mapped_library extent_;
  exported_plugins held_{};
};

}

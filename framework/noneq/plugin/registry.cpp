#include "noneq/plugin/registry.hpp"

#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/dll/runtime_symbol_info.hpp>

#include "noneq/core/any_exception.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

constexpr const char* path_variable = "NONEQ_PLUGIN_PATH";

// Returns the folders that were searched, when NONEQ_PLUGIN_PATH is set. Where it is not, and the name is no slip of
// the pen, it may have been forgotten.
std::string searched(const std::vector<fs::path>& folders, bool slip) {
  if (std::getenv(path_variable) == nullptr)
    return slip ? "" : fmt::format("; {}, which names the folders of other plugins, is not set", path_variable);
  std::vector<std::string> each;
  for (const fs::path& folder : folders) {
    std::error_code none;
    each.push_back(folder.string() + (fs::is_directory(folder, none) ? "" : " (which is not there)"));
  }
  return fmt::format("; looked in {}", fmt::join(each, ", "));
}

// <role>.<name>.so
std::optional<plugin_key> claimed_by_name(const fs::path& file) {
  const std::string stem = file.stem().string();
  const auto dot = stem.find('.');
  if (dot == std::string::npos) return std::nullopt;
  return plugin_key{stem.substr(0, dot), stem.substr(dot + 1)};
}

}

registry::registry(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  std::set<fs::path> seen;
  for (const fs::path& folder : folders_) {
    std::error_code none;
    if (seen.insert(fs::weakly_canonical(folder, none)).second) look_into(folder);
  }
}

void registry::look_into(const fs::path& folder) {
  std::error_code none;
  std::set<fs::path> libraries;
  for (const auto& file : fs::directory_iterator(folder, none))
    if (file.path().extension() == ".so") libraries.insert(file.path());
  // Files that are plugins by their name only come last: such a file may be left over from an older build of a plugin
  // that another file holds.
  std::vector<std::pair<plugin_key, fs::path>> claims;
  for (const fs::path& file : libraries) {
    const auto claimed = claimed_by_name(file);
    auto& held = held_[file];
    try {
      held = plugins_in(file);
      for (const plugin_key& plugin : std::set(held.begin(), held.end())) files_[plugin].push_back(file);
      if (!held.empty()) continue;
    } catch (const error& e) {
      if (!claimed) truncated_.push_back(fmt::format("{}: {}", file.string(), e.message()));
    }
    if (claimed) claims.emplace_back(*claimed, file);
  }
  for (auto& [plugin, file] : claims) files_[plugin].push_back(std::move(file));
}

// Libraries stay mapped until the process ends: objects, tables and exceptions made by them may outlive this registry.
registry::~registry() {
  for (auto& [file, lib] : loaded_) lib.release();
}

std::string registry::no_such_plugin(std::string_view role, std::string_view name) const {
  const auto known = names(role);
  const std::string meant = did_you_mean(name, known);
  std::string text = fmt::format("no {} plugin is called '{}'{}{}{}", role, name, meant,
                                 known.empty() ? "" : fmt::format(" (there are: {})", fmt::join(known, ", ")),
                                 searched(folders_, !meant.empty()));
  for (const auto& [file, held] : held_)
    if (file.stem() == fmt::format("{}.{}", role, name))
      text += fmt::format("; {} holds {}.{}", file.string(), held.front().first, held.front().second);
    else if (held.empty())
      text += fmt::format("; {} holds no plugin", file.string());
  for (const std::string& problem : truncated_) text += "; " + problem;
  return text;
}

const plugin_entry& registry::find(std::string_view role, std::string_view name) {
  const plugin_key key{role, name};
  const plugin_entry*& entry = entries_[key];
  if (entry == nullptr) {
    const auto found = files_.find(key);
    if (found == files_.end()) throw error(no_such_plugin(role, name));
    const fs::path& file = found->second.front();
    auto& lib = loaded_[file];
    if (!lib) lib = std::make_unique<library>(file);
    entry = &lib->describe(role, name);
  }
  return *entry;
}

std::vector<std::string> registry::roles() const {
  std::set<std::string> unique;
  for (const auto& [key, file] : files_) unique.insert(key.first);
  return {unique.begin(), unique.end()};
}

std::vector<std::string> registry::names(std::string_view role) const {
  std::vector<std::string> result;
  for (const auto& [key, file] : files_)
    if (key.first == role) result.push_back(key.second);
  return result;
}

const std::vector<fs::path>& registry::files(std::string_view role, std::string_view name) const {
  static const std::vector<fs::path> none;
  const auto found = files_.find({std::string(role), std::string(name)});
  return found == files_.end() ? none : found->second;
}

std::string registry::place(std::string_view role, std::string_view name) const {
  const fs::path& file = files(role, name).front();
  return place_of(file, role, name, held_.at(file).size() > 1);
}

std::shared_ptr<object> make_object(const plugin_entry& e) {
  try {
    return e.make();
  } catch (...) {
    throw error(
        fmt::format("the plugin {} failed in its constructor: {}", e.full_name(), text_of(std::current_exception())));
  }
}

std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv(path_variable)) {
    std::stringstream parts(path);
    for (std::string one; std::getline(parts, one, ':');)
      if (!one.empty()) folders.emplace_back(one);
  }
  const fs::path libraries = fs::path(boost::dll::this_line_location().string()).parent_path();
  folders.push_back(libraries / "noneq" / "plugins");
  folders.push_back((libraries / ".." / "plugins").lexically_normal());
  return folders;
}

}

#include "noneq/plugin/registry.hpp"

#include <cstdlib>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "noneq/plugin/abi.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

std::string versions(const handshake& h) {
  return fmt::format("API {}, C++ ABI {}/{}, libtorch {}", h.api, h.cxx_abi, h.string_abi,
                     std::string_view(h.torch, strnlen(h.torch, sizeof h.torch)));
}

void check_handshake(const boost::dll::shared_library& lib, const fs::path& file) {
  if (!lib.has("noneq_handshake") || !lib.has("noneq_entry"))
    throw error(fmt::format("{}: is a shared library but not a noneq plugin; it lacks NONEQ_PLUGIN(…)", file.string()));
  const auto& theirs = lib.get<const handshake>("noneq_handshake");
  const handshake ours = own_handshake();
  if (theirs.magic != ours.magic || versions(theirs) != versions(ours))
    throw error(fmt::format("{}: is built against {}, this program is {}; build the plugin again", file.string(),
                            versions(theirs), versions(ours)));
}

}

struct registry::library {
  boost::dll::shared_library handle;
  const plugin_entry* entry = nullptr;

  library(const fs::path& file, std::string_view role, std::string_view name) {
    try {
      handle.load(file.string(), boost::dll::load_mode::rtld_lazy | boost::dll::load_mode::rtld_local);
    } catch (const std::exception& e) {
      throw error(fmt::format("{}: cannot be loaded as a plugin: {}", file.string(), e.what()));
    }
    check_handshake(handle, file);
    try {
      entry = handle.get<const plugin_entry*()>("noneq_entry")();
    } catch (const std::exception& e) {
      throw error(fmt::format("{}: its describe() failed: {}", file.string(), e.what()));
    }
    if (entry->role != role || entry->name != name)
      throw error(fmt::format("{}: holds the plugin {}, need the file name {}.so", file.string(), entry->full_name(),
                              entry->full_name()));
  }
};

registry::registry(std::vector<fs::path> folders) {
  for (const fs::path& folder : folders) {
    std::error_code none;
    for (const auto& file : fs::directory_iterator(folder, none)) {
      const std::string stem = file.path().stem().string();
      const auto dot = stem.find('.');
      if (file.path().extension() == ".so" && dot != std::string::npos)
        files_.try_emplace({stem.substr(0, dot), stem.substr(dot + 1)}, file.path());
    }
  }
}

// Libraries stay mapped until the process ends: objects, tables and exceptions made by them may outlive this registry.
registry::~registry() {
  for (auto& [key, lib] : loaded_) lib.release();
}

const plugin_entry& registry::find(std::string_view role, std::string_view name) {
  const std::pair key{std::string(role), std::string(name)};
  auto& lib = loaded_[key];
  if (!lib) {
    const auto file = files_.find(key);
    if (file == files_.end()) {
      const auto known = names(role);
      throw error(fmt::format("no {} plugin is called '{}'{}{}", role, name, did_you_mean(name, known),
                              known.empty() ? "" : fmt::format(" (there are: {})", fmt::join(known, ", "))));
    }
    lib = std::make_unique<library>(file->second, role, name);
  }
  return *lib->entry;
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

std::shared_ptr<object> make_object(const plugin_entry& e) {
  try {
    return e.make();
  } catch (const std::exception& failure) {
    throw error(fmt::format("the plugin {} failed in its constructor: {}", e.full_name(), failure.what()));
  } catch (...) {
    throw error(fmt::format("the plugin {} failed in its constructor", e.full_name()));
  }
}

std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("NONEQ_PLUGIN_PATH")) {
    std::stringstream parts(path);
    for (std::string one; std::getline(parts, one, ':');)
      if (!one.empty()) folders.emplace_back(one);
  }
  const fs::path program = fs::path(boost::dll::program_location().string()).parent_path();
  folders.push_back(program / "plugins");
  folders.push_back(program / ".." / "lib" / "noneq" / "plugins");
  return folders;
}

}

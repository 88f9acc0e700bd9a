#include "noneq/plugin/registry.hpp"

#include <dlfcn.h>
#include <link.h>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "noneq/core/any_exception.hpp"
#include "noneq/plugin/abi.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/crashes.hpp"
#include "noneq/plugin/elf_file.hpp"
#include "noneq/plugin/table_check.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

constexpr const char* path_variable = "NONEQ_PLUGIN_PATH";

std::string versions(const handshake& h) {
  return fmt::format("API {}, C++ ABI {}/{}, libtorch {}", h.api, h.cxx_abi, h.string_abi,
                     std::string_view(h.torch, strnlen(h.torch, sizeof h.torch)));
}

void check_handshake(const boost::dll::shared_library& lib) {
  if (!lib.has("noneq_handshake") || !lib.has("noneq_entry"))
    throw error("is a shared library but not a noneq plugin; it lacks NONEQ_PLUGIN(…)");
  const auto& theirs = lib.get<const handshake>("noneq_handshake");
  const handshake ours = own_handshake();
  if (theirs.magic != ours.magic || versions(theirs) != versions(ours))
    throw error(fmt::format("is built against {}, this program is {}; build the plugin again", versions(theirs),
                            versions(ours)));
}

// The system's own words. Boost.DLL adds an error code of its own to them, which means nothing.
std::string why_not_loaded(const fs::path& file) {
  const char* said = ::dlerror();
  std::string_view text = said ? said : "for no reason that the system tells";
  const std::string prefix = file.string() + ": ";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return std::string(text);
}

boost::dll::shared_library opened(const fs::path& file) {
  need_whole_library(file);
  boost::dll::shared_library lib;
  boost::dll::fs::error_code failed;
  lib.load(file.string(), boost::dll::load_mode::rtld_lazy | boost::dll::load_mode::rtld_local, failed);
  if (failed) throw error(fmt::format("cannot be loaded as a plugin: {}", why_not_loaded(file)));
  return lib;
}

// The folders that were searched, when NONEQ_PLUGIN_PATH is set.
std::string searched(const std::vector<fs::path>& folders) {
  if (std::getenv(path_variable) == nullptr) return "";
  std::vector<std::string> each;
  for (const fs::path& folder : folders) {
    std::error_code none;
    each.push_back(folder.string() + (fs::is_directory(folder, none) ? "" : " (which is not there)"));
  }
  return fmt::format("; looked in {}", fmt::join(each, ", "));
}

// The addresses between which a library lies.
mapped_library extent_of(const boost::dll::shared_library& lib, const std::string& file) {
  struct search {
    const link_map* map = nullptr;
    mapped_library found{};
  } s;
  if (::dlinfo(lib.native(), RTLD_DI_LINKMAP, &s.map) != 0) return {};
  const auto look = [](dl_phdr_info* info, std::size_t, void* data) {
    auto& of = *static_cast<search*>(data);
    if (info->dlpi_addr != of.map->l_addr || std::strcmp(info->dlpi_name, of.map->l_name) != 0) return 0;
    std::size_t length = 0;
    for (int i = 0; i < info->dlpi_phnum; ++i)
      if (const auto& part = info->dlpi_phdr[i]; part.p_type == PT_LOAD)
        length = std::max<std::size_t>(length, part.p_vaddr + part.p_memsz);
    of.found.begin = reinterpret_cast<const char*>(info->dlpi_addr);
    of.found.end = of.found.begin + length;
    return 1;
  };
  ::dl_iterate_phdr(look, &s);
  s.found.file = file.c_str();
  return s.found;
}

}

struct registry::library {
  const std::string file;
  boost::dll::shared_library handle;
  const plugin_entry* entry = nullptr;
  mapped_library extent;

  library(const fs::path& path, std::string_view role, std::string_view name) : file(path.string()) {
    const at_work loading(path);
    try {
      handle = opened(path);
      check_handshake(handle);
      extent = extent_of(handle, file);
      entry = described();
      if (entry->role != role || entry->name != name)
        throw error(
            fmt::format("holds the plugin {}, need the file name {}.so", entry->full_name(), entry->full_name()));
      check_table(*entry);
    } catch (const error& e) {
      throw error(fmt::format("{}: {}", file, e.message()));
    }
  }

  const plugin_entry* described() const try { return handle.get<const plugin_entry*()>("noneq_entry")(); } catch (...) {
    throw error("its describe() failed: " + text_of(std::current_exception()));
  }
};

registry::registry(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  std::set<fs::path> seen;
  for (const fs::path& folder : folders_) {
    std::error_code none;
    if (!seen.insert(fs::weakly_canonical(folder, none)).second) continue;
    for (const auto& file : fs::directory_iterator(folder, none)) {
      const std::string stem = file.path().stem().string();
      const auto dot = stem.find('.');
      if (file.path().extension() == ".so" && dot != std::string::npos)
        files_[{stem.substr(0, dot), stem.substr(dot + 1)}].push_back(file.path());
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
      throw error(fmt::format("no {} plugin is called '{}'{}{}{}", role, name, did_you_mean(name, known),
                              known.empty() ? "" : fmt::format(" (there are: {})", fmt::join(known, ", ")),
                              searched(folders_)));
    }
    lib = std::make_unique<library>(file->second.front(), role, name);
    know_library(lib->extent);
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

const std::vector<fs::path>& registry::files(std::string_view role, std::string_view name) const {
  static const std::vector<fs::path> none;
  const auto found = files_.find({std::string(role), std::string(name)});
  return found == files_.end() ? none : found->second;
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
  const fs::path program = fs::path(boost::dll::program_location().string()).parent_path();
  folders.push_back(program / "plugins");
  folders.push_back(program / ".." / "lib" / "noneq" / "plugins");
  return folders;
}

}

#include "noneq/plugin/library.hpp"

#include <dlfcn.h>
#include <link.h>
#include <algorithm>
#include <cstring>
#include <set>
#include <span>

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/detail/elf_file.hpp"
#include "noneq/plugin/detail/table_check.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

constexpr const char* no_plugin = "is a shared library but not a noneq plugin; it lacks NONEQ_PLUGIN(…)";

std::string_view text(std::span<const char> bytes) { return {bytes.data(), ::strnlen(bytes.data(), bytes.size())}; }

std::string versions(const handshake& h) {
  return fmt::format("API {}, C++ ABI {}/{}, libtorch {}", h.api, h.cxx_abi, h.string_abi, text(h.torch));
}

void check(const handshake& theirs) {
  const handshake ours = own_handshake();
  if (theirs.magic != ours.magic || versions(theirs) != versions(ours))
    throw error(fmt::format("is built against {}, this program is {}; build the plugin again", versions(theirs),
                            versions(ours)));
}

// Returns whether the file holds a handshake; libraries that no linker of a plugin made need not.
bool check_before_loading(const fs::path& file) {
  const std::string bytes = section_of(file, "noneq_versions");
  handshake theirs;
  if (bytes.size() < sizeof theirs) return false;
  std::memcpy(&theirs, bytes.data(), sizeof theirs);
  check(theirs);
  return true;
}

void check_loaded(const boost::dll::shared_library& lib) {
  if (!lib.has("noneq_handshake")) throw error(no_plugin);
  check(lib.get<const handshake>("noneq_handshake"));
}

// Returns the system's text. Boost.DLL adds an error code of its own, which means nothing.
std::string why_not_loaded(const fs::path& file) {
  const char* said = ::dlerror();
  std::string_view reason = said ? said : "for no reason that the system tells";
  const std::string prefix = file.string() + ": ";
  if (reason.starts_with(prefix)) reason.remove_prefix(prefix.size());
  return std::string(reason);
}

boost::dll::shared_library opened(const fs::path& file) {
  need_whole_library(file);
  boost::dll::shared_library lib;
  boost::dll::fs::error_code failed;
  lib.load(file.string(), boost::dll::load_mode::rtld_lazy | boost::dll::load_mode::rtld_local, failed);
  if (failed) throw error(fmt::format("cannot be loaded as a plugin: {}", why_not_loaded(file)));
  return lib;
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

// Two structs of one name, in two namespaces, would be one plugin.
void check_names(std::span<const exported_plugin> held) {
  std::set<std::string> seen;
  for (const exported_plugin& e : held)
    if (const std::string name = fmt::format("{}.{}", text(e.role), text(e.name)); !seen.insert(name).second)
      throw error(fmt::format("holds the plugin {} twice, need another name for one of them", name));
}

}

std::vector<plugin_key> plugins_in(const fs::path& file) {
  const std::string bytes = section_of(file, "noneq_records");
  std::vector<plugin_key> held;
  for (std::size_t at = 0; at + sizeof(exported_plugin) <= bytes.size(); at += sizeof(exported_plugin)) {
    exported_plugin e;
    std::memcpy(&e, bytes.data() + at, sizeof e);
    held.emplace_back(text(e.role), text(e.name));
  }
  return held;
}

std::string place_of(const fs::path& file, std::string_view role, std::string_view name, bool several) {
  return several ? fmt::format("{} ({}.{})", file.string(), role, name) : file.string();
}

library::library(const fs::path& file) : file_(file), name_(file.string()) {
  const at_work loading(file_);
  try {
    const bool checked = check_before_loading(file_);
    handle_ = opened(file_);
    if (!checked) check_loaded(handle_);
    held_ = handle_.get<exported_plugins()>("noneq_plugins")();
    if (held_.begin == held_.end) throw error(no_plugin);
    check_names({held_.begin, held_.end});
  } catch (const error& e) {
    throw error(fmt::format("{}: {}", name_, e.message()));
  }
  extent_ = extent_of(handle_, name_);
  know_library(extent_);
}

const plugin_entry& library::describe(std::string_view role, std::string_view name) const {
  const fs::path place = place_of(file_, role, name, held_.end - held_.begin > 1);
  const at_work describing(place);
  try {
    const auto* const e = std::find_if(
        held_.begin, held_.end, [&](const exported_plugin& p) { return text(p.role) == role && text(p.name) == name; });
    if (e == held_.end) throw error(fmt::format("does not hold the plugin {}.{}", role, name));
    const plugin_entry* entry = nullptr;
    try {
      entry = e->described();
    } catch (...) {
      throw error("its describe() failed: " + text_of(std::current_exception()));
    }
    check_table(*entry);
    return *entry;
  } catch (const error& e) {
    throw error(fmt::format("{}: {}", place.string(), e.message()));
  }
}

}

// The symbols that a plugin library exports. Included by noneq/plugin.hpp only, so that the rooms of the program export
// none of them. They are weak, because each file of a library that holds plugins defines them; `inline` would make them
// unique in the whole process, and each library would show the handshake of the first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "noneq/plugin/abi.hpp"

extern "C" {
// The linker sets these to the bounds of the section; both are null in a library without plugins.
[[gnu::weak, gnu::visibility("hidden")]] extern const noneq::exported_plugin __start_noneq_records[];
[[gnu::weak, gnu::visibility("hidden")]] extern const noneq::exported_plugin __stop_noneq_records[];

[[gnu::weak, gnu::section("noneq_versions")]] extern const noneq::handshake noneq_handshake;
const noneq::handshake noneq_handshake = noneq::own_handshake();

[[gnu::weak]] noneq::exported_plugins noneq_plugins();
noneq::exported_plugins noneq_plugins() { return {__start_noneq_records, __stop_noneq_records}; }
}

namespace noneq {

template <class Plugin, std::size_t N>
consteval exported_plugin exported(const char (&name)[N], const plugin_entry* (*described)()) {
  constexpr std::string_view role = Plugin::role_name;
  static_assert(role.size() < sizeof(exported_plugin::role) && N <= sizeof(exported_plugin::name));
  exported_plugin e{{}, {}, described};
  std::copy_n(role.data(), role.size(), e.role);
  std::copy_n(name, N, e.name);
  return e;
}

}

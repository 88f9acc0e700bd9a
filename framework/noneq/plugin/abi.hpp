// The border between program and plugin, as plain bytes. The handshake and the list of a library's plugins are read
// from its file without loading it: a library built with another libtorch would load that one too, and two in one
// process end it.
#pragma once

#include <cstdint>

#include <torch/version.h>

#define NONEQ_API_VERSION 12

namespace noneq {

struct plugin_entry;

// One for each file of a library, all alike, in its section `noneq_versions`; the first is the symbol
// `noneq_handshake`.
struct handshake {
  std::uint32_t magic;       // "nneq"
  std::uint32_t api;         // NONEQ_API_VERSION
  std::uint32_t cxx_abi;     // __GXX_ABI_VERSION
  std::uint32_t string_abi;  // _GLIBCXX_USE_CXX11_ABI
  char torch[16];            // TORCH_VERSION
};

constexpr handshake own_handshake() {
  return {0x6e6e6571, NONEQ_API_VERSION, __GXX_ABI_VERSION, _GLIBCXX_USE_CXX11_ABI, TORCH_VERSION};
}

// One for each plugin, in the section `noneq_records` of its library. All API versions share this layout, so that a
// library of another version is found, and refused by name. The alignment is stated, and equals the size, because a
// compiler may otherwise leave gaps between the records of a section.
struct alignas(128) exported_plugin {
  char role[32], name[88];             // each ends with a zero
  const plugin_entry* (*described)();  // called only after the handshake
};
static_assert(sizeof(exported_plugin) == 128);

// The records of a loaded library.
struct exported_plugins {
  const exported_plugin *begin, *end;
};

}

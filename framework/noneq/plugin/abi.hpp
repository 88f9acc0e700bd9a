// The handshake between program and plugin: plain bytes, read before the first C++ call crosses the border.
#pragma once

#include <cstdint>

#include <torch/version.h>

#define NONEQ_API_VERSION 6

namespace noneq {

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

}

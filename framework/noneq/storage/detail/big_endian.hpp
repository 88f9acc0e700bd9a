// Numbers whose first byte is their largest, as PNG has them. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace noneq::storage {

// Returns the number in the four bytes from `at` on, which must be there.
inline std::int64_t big_endian_at(std::string_view bytes, std::size_t at) {
  std::int64_t n = 0;
  for (std::size_t k = 0; k < 4; ++k) n = n << 8 | static_cast<unsigned char>(bytes[at + k]);
  return n;
}

}

#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace noneq {

// Returns the number that the whole text is, in decimal digits, with a minus sign if any; nothing for any other text.
// Functions of C would read 010 as 8, skip spaces, and take a number beyond 64 bits for the largest.
inline std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
  return fault == std::errc() && stop == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

}

#include "noneq/config/detail/cells.hpp"

#include <cstdint>

namespace noneq::config {

namespace {

struct range {
  char32_t first, last;
};

template <std::size_t N>
bool within(const range (&all)[N], char32_t c) {
  for (const range& r : all)
    if (c >= r.first && c <= r.last) return true;
  return false;
}

// The ranges that occur in names and comments (Unicode's East Asian Width, and marks that stand on another character).
constexpr range wide[] = {{0x1100, 0x115f},   {0x2e80, 0xa4cf},  {0xac00, 0xd7a3}, {0xf900, 0xfaff},
                          {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
                          {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
constexpr range without[] = {{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

std::size_t columns_of(char32_t c) { return within(without, c) ? 0 : within(wide, c) ? 2 : 1; }

// Decodes the character at the beginning; `bytes` becomes its length, 1 for a byte that begins none.
char32_t decoded(std::string_view text, std::size_t& bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  bytes = 1;
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc2 ? 2 : 0;
  constexpr char32_t unknown = 0xfffd;
  if (length == 0 || length > text.size() || byte(0) > 0xf4) return unknown;
  if (length == 1) return byte(0);
  char32_t c = byte(0) & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return unknown;
    c = c << 6 | (byte(i) & 0x3f);
  }
  bytes = length;
  return c;
}

}

std::vector<cell> cells_of(std::string_view line) {
  constexpr std::size_t tab = 4;
  std::vector<cell> cells;
  std::size_t column = 0;
  for (std::size_t bytes = 0; !line.empty(); line.remove_prefix(bytes)) {
    const char32_t c = decoded(line, bytes);
    if (c == '\t')
      cells.push_back({std::string(tab - column % tab, ' '), tab - column % tab, c});
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffd)
      cells.push_back({"\xef\xbf\xbd", 1, c});  // a control sequence must not reach the terminal
    else
      cells.push_back({std::string(line.substr(0, bytes)), columns_of(c), c});
    column += cells.back().columns;
  }
  while (!cells.empty() && (cells.back().character == ' ' || cells.back().character == '\t')) cells.pop_back();
  return cells;
}

}

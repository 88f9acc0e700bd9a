// A line of text as a terminal draws it: characters, each with the columns it takes. Private to this room. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace noneq::config {

struct cell {
  std::string text;     // what is drawn: the character, spaces for a tab, � for what is no text
  std::size_t columns;  // 0, 1 or 2, and more for a tab
  char32_t character;   // as it was read
};

// Returns one cell for each character, as a place counts them. Spaces at the end are left out.
std::vector<cell> cells_of(std::string_view line);

}

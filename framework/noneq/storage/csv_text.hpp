// Text for a cell of CSV.
#pragma once

#include <string>
#include <string_view>

namespace noneq::storage {

// Returns the text as RFC 4180 has it: within quotes, which are doubled, where it holds a comma, a quote, the end of a
// line, or begins or ends with a space; otherwise unchanged. Thread-safe.
std::string csv_cell(std::string_view text);

}

// Scalars as YAML text that reads back as an equal scalar, in block and in flow; and as a part of a message. Pure
// functions, thread-safe.
#pragma once

#include <string>

namespace noneq::config {

// `is_text`: the scalar is text, and is quoted if it would read as a number, boolean or null otherwise.
// Prefers no quotes, then single ones, then double ones with escapes. Throws error when `text` is not UTF-8.
std::string quoted_if_needed(const std::string& text, bool is_text);

// Returns a text of a file for an error, which stays one line of bearable length, whatever the text holds.
std::string shortened(const std::string& text);

}

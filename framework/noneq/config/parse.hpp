// Parses YAML text into a value tree with places. Only a part of YAML is accepted: one document, names as keys, no tags
// of one's own. Anchors, aliases and merge keys (<<) are resolved here and leave no trace; a value that came by an
// alias has the place of the alias, and values inside it have the places where they were written.
// Columns count characters, not bytes. Pure functions, thread-safe.
// Errors: noneq::error with file:line:col for bad syntax, a duplicate key, a second document, bytes that are no text,
// more than 64 levels or 100,000 values (aliases counted as often as they are used), an empty text.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "noneq/config/value.hpp"

namespace noneq::config {

// `path` is also the file name in all places, as it was given.
value parse_file(const std::filesystem::path& path);

value parse_text(std::string_view text, const std::string& file_name);

}

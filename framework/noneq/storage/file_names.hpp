// Names of files: whether the end of one fits its format, and the files that a pattern stands for. Thread-safe.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace noneq::storage {

// Throws noneq::error when a file of `format` ("HDF5", "PNG", "safetensors", …) would have a name of another format, so
// that a.csv always holds CSV. Any format may have a name without a known end.
void need_name_of(std::string_view format, const std::filesystem::path& file);

// Returns whether a name is a pattern of the shell: it has a *, ? or [, and no file has this very name.
bool is_pattern(const std::filesystem::path& name);

// Returns the files that a pattern stands for, as people count, day2 before day10; for another name, that name, whether
// there is such a file or not. No pattern matches a name that begins with a dot.
std::vector<std::filesystem::path> matching_files(const std::filesystem::path& name_or_pattern);

}

// Checks that the end of a file's name fits its format.
#pragma once

#include <filesystem>
#include <string_view>

namespace noneq::storage {

// Throws noneq::error when a file of `format` ("HDF5", "PNG", "safetensors", …) would have a name of another format, so
// that a.csv always holds CSV. Any format may have a name without a known end.
void need_name_of(std::string_view format, const std::filesystem::path& file);

}

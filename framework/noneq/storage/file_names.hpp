// The end of a file's name promises a format.
#pragma once

#include <filesystem>
#include <string_view>

namespace noneq {

// Throws noneq::error when a file of `format` ("HDF5", "PNG", "safetensors", …) would have the name of another one:
// who opens a.csv later shall find CSV. Names without a known end are anybody's choice.
void need_name_of(std::string_view format, const std::filesystem::path& file);

}

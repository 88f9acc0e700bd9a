// The JSON header of a safetensors file, checked. Private to the room.
#pragma once

#include <optional>
#include <string_view>

#include "noneq/storage/safetensors.hpp"

namespace noneq::storage {

struct tensor_entry {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  sizes shape;
  std::int64_t begin = 0, end = 0;  // bytes within the data that follows the header
};

struct safetensors_header {
  std::vector<tensor_entry> entries;  // in the order of their bytes, which they cover without gap
  std::map<std::string, std::string> metadata;
};

// `where` opens the messages; `data_bytes` is the number of bytes after the header.
safetensors_header parse_header(std::string_view text, const std::string& where, std::int64_t data_bytes);

// Returns "F32" and the like; "" for a dtype the format lacks.
std::string_view dtype_name(at::ScalarType dtype);

}

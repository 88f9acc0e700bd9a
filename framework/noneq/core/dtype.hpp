// The names of number types that users know, from NumPy: uint8, float32, …; libtorch calls them Byte and Float.
#pragma once

#include <string>

#include "noneq/core/tensor.hpp"

namespace noneq {

std::string dtype_text(at::ScalarType dtype);

}

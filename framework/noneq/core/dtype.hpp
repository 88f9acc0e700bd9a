// The names of number types as in NumPy, which users see: uint8, float32, …; libtorch's names are Byte and Float.
#pragma once

#include <string>

#include "noneq/core/tensor.hpp"

namespace noneq {

std::string dtype_text(at::ScalarType dtype);

}

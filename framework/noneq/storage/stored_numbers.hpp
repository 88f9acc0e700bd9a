// Types of numbers as a dataset stores them, and the conversion of a tensor to them: in netCDF's way, a stored number
// stands for stored·scale + offset, and a fill value for one that is missing.
// Values and pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::storage {

struct stored_numbers {
  std::string name;            // "float32", "uint16", …
  at::ScalarType holder;       // a torch type of as many bytes; unsigned integers that torch lacks keep their bits
  bool integer = false;        // float16, float32 and float64 are not
  double least = 0, most = 0;  // of an integer

  std::size_t bytes() const { return c10::elementSize(holder); }
};

// Returns the type of this name; none when there is no such type.
std::optional<stored_numbers> numbers_named(const std::string& name);
// Returns the names: float16, float32, float64, int8, int16, int32, uint8, uint16, uint32.
const std::vector<std::string>& number_names();
// Returns the type that stores a tensor's numbers as they are; bool and int64 among them. Errors: torch's complex and
// quantised types.
stored_numbers numbers_of(at::ScalarType dtype);

// The rule of a conversion.
struct packing {
  double scale = 1, offset = 0;
  bool saturate = false;             // numbers beyond the type become its largest or smallest; false: they are errors
  std::optional<std::int64_t> fill;  // the integer that stands for NaN; none: NaN is an error
};

// Returns x [n, …] as numbers of `to`.holder: (x − offset)/scale, to the nearest integer where the type is one. The
// largest or smallest integer that is not the fill value bounds what is representable.
// Errors: a number that the type cannot hold, with its row, which is `first` and on.
Tensor packed(const Tensor& x, const stored_numbers& to, const packing& by, std::int64_t first);

}

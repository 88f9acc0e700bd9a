// HDF5's number types and torch's, in both directions. Private to the room; call with hdf5_lock held.
#pragma once

#include <optional>

#include "noneq/core/tensor.hpp"
#include "noneq/storage/detail/hdf5_handle.hpp"

namespace noneq::storage {

// How stored numbers are read: into which torch dtype, through which HDF5 memory type.
struct number_type {
  at::ScalarType dtype = at::kFloat;
  hdf5_handle memory;
  bool unsigned_64 = false;  // read as they are into int64, to be checked for overflow
};

// Returns the nearest torch dtype that loses nothing: uint16 → int32, uint32 → int64, uint64 → int64 (checked), enum
// {FALSE, TRUE} → bool, other enums → their integers, wider floats → float64. Returns nothing for types other than
// numbers.
std::optional<number_type> number_type_of(std::int64_t stored);

// Returns a stored type in words, for messages: "strings", "compound records", …
std::string kind_of(std::int64_t stored);

// Returns the HDF5 type that stores a torch dtype: little-endian, bool as the enum {FALSE, TRUE}; invalid when there is
// none.
hdf5_handle stored_type(at::ScalarType dtype);

}

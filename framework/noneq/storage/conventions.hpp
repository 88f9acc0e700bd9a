// The meaning of stored numbers by the conventions of netCDF, which is HDF5 with certain attributes (CF 1.11, §2.5.1
// and §8.1): _FillValue and missing_value stand for numbers that were not observed, scale_factor and add_offset turn
// the others into numbers of the unit that they have. A value; the functions may be called concurrently.
#pragma once

#include <string>
#include <vector>

#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

struct number_meaning {
  double scale = 1, offset = 0;
  std::vector<double> missing;  // stored numbers that stand for one that was not observed; NaN may be among them

  bool scaled() const { return scale != 1 || offset != 0; }
  bool plain() const { return !scaled() && missing.empty(); }
  // Returns the type of the numbers meant by stored ones: floating-point where they are scaled or may be missing, which
  // is NaN, and float64 where float32 might round digits of them away.
  at::ScalarType dtype(at::ScalarType stored) const;
  bool operator==(const number_meaning&) const = default;
};

// Returns the meaning that the attributes of a dataset state. Errors: a scale_factor of 0 or one that is not finite.
number_meaning meaning_of(const hdf5_reader& reader, const std::string& dataset);

// Returns the numbers meant by stored ones, of `dtype`, which is that of the meaning or a wider one: NaN where missing.
Tensor meant(const Tensor& stored, const number_meaning& meaning, at::ScalarType dtype);

}

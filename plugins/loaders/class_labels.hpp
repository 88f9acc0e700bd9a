// Class numbers stored beside data, one integer a row. One thread.
#pragma once

#include "noneq/core/error.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq {

// Looks at the labels of all `rows` rows of `dataset`: each must be an integer from 0 to classes − 1. Returns one
// more than the largest. Errors: another shape or type; a number out of range, with its row.
inline std::int64_t check_labels(const hdf5_reader& reader, const std::string& file, const std::string& labels,
                                 const std::string& dataset, std::int64_t rows, std::int64_t classes) {
  constexpr std::int64_t block = std::int64_t{1} << 20;
  const std::string subject = file + ": labels '" + labels + "'";
  const dataset_layout l = reader.layout(labels);
  if (l.shape[0] != rows)
    throw error(c10::str(subject, " got ", l.shape[0], " rows, need ", rows, ", one per row of '", dataset, "'"));
  if (c10::multiply_integers(l.shape) != l.shape[0])
    throw error(c10::str(subject, " got shape ", to_string(l.shape), ", need one number per row, [", l.shape[0], "]"));
  if (!at::isIntegralType(l.dtype, true))
    throw error(c10::str(subject, " got numbers of type ", c10::toString(l.dtype), ", need integers"));
  std::int64_t found = 0;
  for (std::int64_t first = 0; first < rows; first += block) {
    const Tensor some = reader.rows(labels, first, std::min(block, rows - first)).flatten().to(at::kLong);
    const Tensor bad = at::logical_or(some < 0, some >= classes).nonzero();
    if (bad.size(0) > 0) {
      const auto at = bad[0].item<std::int64_t>();
      throw error(c10::str(subject, " got ", some[at].item<std::int64_t>(), " in row ", first + at,
                           ", need class numbers from 0 to ", classes - 1));
    }
    found = std::max(found, some.max().item<std::int64_t>() + 1);
  }
  return found;
}

}

// Class numbers stored beside data, one integer a row. One thread.
#pragma once

#include "noneq/core/dtype.hpp"
#include "noneq/core/error.hpp"
#include "noneq/storage/hdf5.hpp"

namespace shipped {

// Returns how often each class number occurs, up to the largest, in all `rows` rows of `dataset`, which must be
// integers from `first` to first + classes − 1. Errors: another shape or type; a number out of range, with its row.
inline std::vector<std::int64_t> count_labels(const noneq::storage::hdf5_reader& reader, const std::string& file,
                                              const std::string& labels, const std::string& dataset, std::int64_t rows,
                                              std::int64_t first_class, std::int64_t classes) {
  constexpr std::int64_t block = std::int64_t{1} << 20;
  const std::string subject = file + ": labels '" + labels + "'";
  const noneq::storage::dataset_layout l = reader.layout(labels);
  if (l.shape[0] != rows)
    throw noneq::error(
        c10::str(subject, " got ", l.shape[0], " rows, need ", rows, ", one per row of '", dataset, "'"));
  if (c10::multiply_integers(l.shape) != l.shape[0])
    throw noneq::error(
        c10::str(subject, " got shape ", noneq::to_string(l.shape), ", need one number per row, [", l.shape[0], "]"));
  if (!at::isIntegralType(l.dtype, true))
    throw noneq::error(c10::str(subject, " got numbers of type ", noneq::dtype_text(l.dtype), ", need integers"));
  std::vector<std::int64_t> found;
  for (std::int64_t first = 0; first < rows; first += block) {
    const noneq::Tensor some =
        reader.rows(labels, first, std::min(block, rows - first)).flatten().to(at::kLong) - first_class;
    const noneq::Tensor bad = at::logical_or(some < 0, some >= classes).nonzero();
    if (bad.size(0) > 0) {
      const auto at = bad[0].item<std::int64_t>();
      throw noneq::error(c10::str(subject, " got ", some[at].item<std::int64_t>() + first_class, " in row ", first + at,
                                  ", need class numbers from ", first_class, " to ", first_class + classes - 1));
    }
    const noneq::Tensor counts = some.bincount();
    found.resize(std::max(found.size(), static_cast<std::size_t>(counts.size(0))));
    for (std::int64_t c = 0; c < counts.size(0); ++c)
      found[static_cast<std::size_t>(c)] += counts[c].item<std::int64_t>();
  }
  return found;
}

}

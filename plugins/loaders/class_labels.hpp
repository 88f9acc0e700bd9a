// Class numbers stored beside data, one integer a row. One thread.
#pragma once

#include "noneq/core/dtype.hpp"
#include "table_parts.hpp"

namespace shipped {

// Returns how often each class number occurs, up to the largest, among the labels of `rows` of a table, which must be
// integers from `first` to first + classes − 1. Errors: another shape or type; a number out of range, with its row.
inline std::vector<std::int64_t> count_labels(const row_table& table, const row_list& rows, std::int64_t first_class,
                                              std::int64_t classes) {
  constexpr std::int64_t block = std::int64_t{1} << 20;
  const column& labels = *table.labels();
  const data_files& files = table.files();
  const auto subject = [&](std::size_t file) {
    return files.paths()[file].string() + ": labels '" + labels.dataset() + "'";
  };
  if (c10::multiply_integers(labels.row_shape()) != 1) {
    noneq::sizes shape = labels.row_shape();
    shape.insert(shape.begin(), table.rows());
    throw noneq::error(c10::str(subject(0), " got shape ", noneq::to_string(shape), ", need one number per row, [",
                                table.rows(), "]"));
  }
  if (!at::isIntegralType(labels.stored_dtype(), true))
    throw noneq::error(
        c10::str(subject(0), " got numbers of type ", noneq::dtype_text(labels.stored_dtype()), ", need integers"));
  std::vector<std::int64_t> found;
  for (std::int64_t begin = 0; begin < rows.count(); begin += block) {
    const row_list part = rows.part(begin, std::min(block, rows.count() - begin));
    const noneq::Tensor some = table.classes(part, first_class);
    const noneq::Tensor bad = at::logical_or(some < 0, some >= classes).nonzero();
    if (bad.size(0) > 0) {
      const auto at = bad[0].item<std::int64_t>();
      const std::size_t file = table.file_of(part.at(at));
      throw noneq::error(c10::str(subject(file), " got ", some[at].item<std::int64_t>() + first_class, " in row ",
                                  labels.place(part.at(at)).second, ", need class numbers from ", first_class, " to ",
                                  first_class + classes - 1));
    }
    const noneq::Tensor counts = some.bincount();
    found.resize(std::max(found.size(), static_cast<std::size_t>(counts.size(0))));
    for (std::int64_t c = 0; c < counts.size(0); ++c)
      found[static_cast<std::size_t>(c)] += counts[c].item<std::int64_t>();
  }
  return found;
}

}

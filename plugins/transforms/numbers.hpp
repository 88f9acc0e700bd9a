// Shared by transforms that compute on the numbers of a batch. Pure, thread-safe.
#pragma once

#include "../row_checks.hpp"
#include "noneq/plugin.hpp"

namespace shipped {

// Returns the type to compute in without rounding away digits of numbers of this type.
inline at::ScalarType exact_type(at::ScalarType numbers) {
  return numbers == at::kDouble || numbers == at::kLong || numbers == at::kInt ? at::kDouble : at::kFloat;
}

// Throws noneq::error about `fields` when there are several: the random numbers of a row are equal for all of them, and
// noise that is to be independent would not be.
inline void need_one_field(const std::vector<std::string>& fields) {
  if (fields.size() > 1)
    throw noneq::error(c10::str("got [", c10::Join(", ", fields),
                                "], which would all get the same noise, need one field, and a node for each other one"),
                       "fields");
}

// Returns the batch with what make() returns for each row of x0 in its place, or, of a batch without rows, for all of
// it: whatever rows stand beside one, the result for it has the same bits.
template <class Make>
noneq::batch row_by_row(noneq::batch b, const Make& make) {
  const noneq::Tensor x = b.at("x0");
  std::vector<noneq::Tensor> rows;
  for (std::int64_t k = 0; k < x.size(0); ++k) rows.push_back(make(x.narrow(0, k, 1)));
  b.set("x0", (rows.empty() ? make(x) : at::cat(rows)).contiguous());
  return b;
}

// Returns the number of each row of a batch, for messages: that of the data where it has one, else its position.
inline noneq::Tensor numbers_of_rows(const noneq::batch& b, const noneq::transform_context& c) {
  const noneq::Tensor row = b.find("row");
  return row.defined() ? row : at::arange(c.first, c.first + b.size(), at::kLong);
}

// Returns whether one affine map serves all numbers along these last dimensions of a sample.
inline bool alike_along(const noneq::normalisation& n, std::int64_t last_dimensions) {
  const auto alike = [&](const noneq::Tensor& t) {
    for (std::int64_t d = 1; d <= std::min(last_dimensions, t.dim()); ++d)
      if (t.size(-d) != 1) return false;
    return true;
  };
  bool all = alike(n.shift) && alike(n.scale);
  for (const auto& s : n.stages) all = all && alike(s.shift) && alike(s.scale);
  return all;
}

// Throws noneq::error when positions that this transform moves have scales of their own.
inline void need_alike_along(const noneq::dataset_info& before, std::int64_t last_dimensions, const char* what) {
  if (!alike_along(before.normal, last_dimensions))
    throw noneq::error(std::string("got data with a scale for each position, which ") + what +
                       ", need it before transform.standardise, or per: channel or all there");
}

// Both throw noneq::error about `size`, the lengths of the last dimensions of a sample: when there are none, or one is
// below 1; when a sample of this shape has fewer dimensions.
inline void need_lengths(const std::vector<std::int64_t>& size) {
  for (const std::int64_t n : size)
    if (n < 1) throw noneq::error(c10::str("got ", n, ", need lengths of at least 1"), "size");
  if (size.empty()) throw noneq::error("got [], need the lengths of the last dimensions of a sample", "size");
}
inline void need_no_more_lengths(const std::vector<std::int64_t>& size, const noneq::sizes& shape) {
  if (size.size() > shape.size())
    throw noneq::error(c10::str("got ", size.size(), " lengths for samples ", noneq::to_string(shape),
                                ", need at most ", shape.size()),
                       "size");
}

}

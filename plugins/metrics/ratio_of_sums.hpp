// Σ aᵢ / Σ bᵢ over independent rows i, number by number, and its standard error: the mean of a score over the places
// that were observed, where aᵢ is the score of the places of row i and bᵢ their number. Rows are added one by one, so
// the result depends on their order and on no batch. float64, in constant memory.
#pragma once

#include <limits>

#include "noneq/core/tensor.hpp"

namespace shipped {

// Numbers and their standard errors, float64 of one shape.
struct with_errors {
  noneq::Tensor value, error;
};

// Returns the square roots, with errors to first order. A ratio of sums of squares that is 0 has no error, and neither
// has its root.
inline with_errors root_of(const with_errors& r) {
  const noneq::Tensor root = r.value.sqrt();
  return {root, at::where(root > 0, r.error / (2 * root), r.error)};
}

class ratio_of_sums {
 public:
  // Adds a row: float64 tensors of one shape, which is that of all rows. A row whose numbers are both 0 at a place was
  // not observed there.
  void add(const noneq::Tensor& a, const noneq::Tensor& b) {
    if (rows_ == 0)
      for (noneq::Tensor* sum : {&mean_a_, &mean_b_, &aa_, &ab_, &bb_, &observed_}) *sum = at::zeros_like(a);
    const auto n = static_cast<double>(++rows_);
    const noneq::Tensor da = a - mean_a_, db = b - mean_b_;
    mean_a_ += da / n;
    mean_b_ += db / n;
    const noneq::Tensor rest = b - mean_b_;
    aa_ += da * (a - mean_a_);
    ab_ += da * rest;
    bb_ += db * rest;
    observed_ += a.ne(0).logical_or(b.ne(0));
  }

  const noneq::Tensor& mean_a() const { return mean_a_; }
  const noneq::Tensor& mean_b() const { return mean_b_; }
  // Returns the number of rows that were observed, for each ratio; undefined before the first row.
  const noneq::Tensor& observed() const { return observed_; }

  // Returns the ratios, NaN where Σ b is 0. Requires a row.
  noneq::Tensor value() const { return mean_a_ / mean_b_; }
  // Returns the errors of the ratios to first order in the errors of the sums; NaN where fewer than two rows were
  // observed, of which the error is unknown. Rows that were not observed change neither ratio nor error.
  noneq::Tensor standard_error() const {
    const noneq::Tensor r = value(), squares = (aa_ - 2 * r * ab_ + r * r * bb_).clamp_min(0);
    const noneq::Tensor known = (squares * observed_ / (observed_ - 1)).sqrt() / (mean_b_ * rows_).abs();
    return at::where(observed_ > 1, known, std::numeric_limits<double>::quiet_NaN());
  }
  with_errors value_and_error() const { return {value(), standard_error()}; }

 private:
  std::int64_t rows_ = 0;
  noneq::Tensor mean_a_, mean_b_, aa_, ab_, bb_;  // means, and sums of products about them
  noneq::Tensor observed_;
};

}

// Σ aᵢ / Σ bᵢ over independent rows i, number by number, and its standard error: the mean of a score over the places
// that were observed, where aᵢ is the score of the places of row i and bᵢ their number. Rows are added one by one, so
// the result depends on their order and on no batch. float64, in constant memory.
#pragma once

#include <cmath>

#include "noneq/core/tensor.hpp"

namespace shipped {

class ratio_of_sums {
 public:
  // Adds a row: float64 tensors of one shape, which is that of all rows.
  void add(const noneq::Tensor& a, const noneq::Tensor& b) {
    if (rows_ == 0)
      for (noneq::Tensor* sum : {&mean_a_, &mean_b_, &aa_, &ab_, &bb_}) *sum = at::zeros_like(a);
    const auto n = static_cast<double>(++rows_);
    const noneq::Tensor da = a - mean_a_, db = b - mean_b_;
    mean_a_ += da / n;
    mean_b_ += db / n;
    const noneq::Tensor rest = b - mean_b_;
    aa_ += da * (a - mean_a_);
    ab_ += da * rest;
    bb_ += db * rest;
  }

  std::int64_t rows() const { return rows_; }
  const noneq::Tensor& mean_a() const { return mean_a_; }
  const noneq::Tensor& mean_b() const { return mean_b_; }

  // Returns the ratios, NaN where Σ b is 0. Requires a row.
  noneq::Tensor value() const { return mean_a_ / mean_b_; }
  // Returns the errors of the ratios to first order in the errors of the sums; NaN where one row alone was added.
  noneq::Tensor standard_error() const {
    const noneq::Tensor r = value(), squares = (aa_ - 2 * r * ab_ + r * r * bb_).clamp_min(0);
    const auto n = static_cast<double>(rows_);
    return (squares / (n * (n - 1))).sqrt() / mean_b_.abs();
  }

 private:
  std::int64_t rows_ = 0;
  noneq::Tensor mean_a_, mean_b_, aa_, ab_, bb_;  // means, and sums of products about them
};

// A number of a ratio of sums, or its square root.
struct ratio_with_error {
  double value, error;
};

inline ratio_with_error root_of(const ratio_with_error& r) {
  const double root = std::sqrt(r.value);
  return {root, root > 0 ? r.error / (2 * root) : r.error};
}

}

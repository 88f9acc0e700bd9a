// Mean and variance of data seen block by block, in float64: two passes within a block and Chan's formula between them,
// so that neither the number of rows nor a large offset costs digits. A value; one thread.
#pragma once

#include "noneq/core/tensor.hpp"

namespace noneq {

class moments {
 public:
  // One mean for all numbers, or one per position of a row.
  explicit moments(bool per_position) : per_position_(per_position) {}

  void add(const Tensor& rows) {
    const Tensor x = rows.to(at::kDouble).reshape(per_position_ ? sizes{rows.size(0), -1} : sizes{-1, 1});
    const Tensor mean = x.mean(0), square = (x - mean).square_().sum(0);
    const auto count = static_cast<double>(x.size(0));
    if (count_ == 0) {
      mean_ = mean, square_ = square;
    } else {
      const Tensor step = mean - mean_;
      mean_ = mean_ + step * (count / (count_ + count));
      square_ = square_ + square + step.square() * (count_ * count / (count_ + count));
    }
    count_ += count;
  }

  const Tensor& mean() const { return mean_; }  // [1] or [positions]
  Tensor variance() const { return square_ / count_; }
  bool finite() const { return square_.isfinite().all().item<bool>(); }

 private:
  bool per_position_;
  double count_ = 0;
  Tensor mean_, square_;
};

}

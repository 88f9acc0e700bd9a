// Mean and variance of data seen block by block, in float64: two passes within a block and Chan's formula between them,
// so that neither the number of rows nor a large offset costs digits. A value; one thread.
#pragma once

#include "noneq/core/tensor.hpp"

namespace shipped {

enum class one_scale { for_all, per_channel, per_position };

class moments {
 public:
  // One mean for all numbers, one for each channel (the first dimension of a row), or one for each position.
  explicit moments(one_scale of) : of_(of) {}

  void add(const noneq::Tensor& rows) {
    const noneq::Tensor x = in_columns(rows.to(at::kDouble));
    const noneq::Tensor mean = x.mean(0), square = (x - mean).square_().sum(0);
    const auto count = static_cast<double>(x.size(0));
    if (count_ == 0) {
      mean_ = mean, square_ = square;
    } else {
      const noneq::Tensor step = mean - mean_;
      mean_ = mean_ + step * (count / (count_ + count));
      square_ = square_ + square + step.square() * (count_ * count / (count_ + count));
    }
    count_ += count;
  }

  const noneq::Tensor& mean() const { return mean_; }  // [1], [channels] or [positions]
  noneq::Tensor variance() const { return square_ / count_; }
  bool finite() const { return square_.isfinite().all().item<bool>(); }

 private:
  noneq::Tensor in_columns(const noneq::Tensor& x) const {
    if (of_ == one_scale::for_all) return x.reshape({-1, 1});
    if (of_ == one_scale::per_channel) return x.movedim(1, -1).reshape({-1, x.size(1)});
    return x.reshape({x.size(0), -1});
  }

  one_scale of_;
  double count_ = 0;
  noneq::Tensor mean_, square_;
};

}

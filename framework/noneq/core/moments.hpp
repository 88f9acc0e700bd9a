// Mean and variance of data seen block by block, in float64: two passes within a block and Chan's formula between them,
// so that neither the number of rows nor a large offset costs digits. NaN stands for a number that was not observed and
// is left out. A value; one thread.
#pragma once

#include "noneq/core/tensor.hpp"

namespace noneq {

enum class one_scale { for_all, per_channel, per_position };

class moments {
 public:
  // One mean for all numbers, one for each channel (the first dimension of a row), or one for each position.
  explicit moments(one_scale of) : of_(of) {}

  void add(const Tensor& rows) {
    const Tensor x = in_columns(rows.to(at::kDouble));
    Tensor count = at::full({x.size(1)}, static_cast<double>(x.size(0)), at::kDouble), mean = x.mean(0), square;
    if (mean.isnan().any().item<bool>()) {
      const Tensor seen = x.isnan().logical_not_();
      count = seen.sum(0).to(at::kDouble);
      mean = x.nansum(0) / count.clamp_min(1);
      square = (x - mean).square_().nansum(0) + 0 * mean;  // NaN where a number is infinite
    } else {
      square = (x - mean).square_().sum(0);
    }
    if (!count_.defined()) {
      count_ = count, mean_ = mean, square_ = square;
      return;
    }
    const Tensor step = mean - mean_, all = (count_ + count).clamp_min(1);
    mean_ = mean_ + step * (count / all);
    square_ = square_ + square + step.square() * (count_ * count / all);
    count_ = count_ + count;
  }

  // [1], [channels] or [positions], as all that follow; 0 where nothing was observed.
  const Tensor& mean() const { return mean_; }
  Tensor variance() const { return square_ / count_.clamp_min(1); }
  const Tensor& count() const { return count_; }  // of the numbers observed
  bool finite() const { return square_.isfinite().all().item<bool>(); }

 private:
  Tensor in_columns(const Tensor& x) const {
    if (of_ == one_scale::for_all) return x.reshape({-1, 1});
    if (of_ == one_scale::per_channel) return x.movedim(1, -1).reshape({-1, x.size(1)});
    return x.reshape({x.size(0), -1});
  }

  one_scale of_;
  Tensor count_, mean_, square_;
};

}

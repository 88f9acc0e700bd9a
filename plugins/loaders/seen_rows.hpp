// Observations of a dataset's rows: the numbers between which they lie, and whether the value that stands for "missing"
// is among them. A value; one thread.
#pragma once

#include <cmath>
#include <limits>

#include "noneq/core/tensor.hpp"

namespace shipped {

class seen_rows {
 public:
  // fill: the values that stand for missing numbers.
  explicit seen_rows(std::vector<double> fill) : fill_(std::move(fill)) {}

  // Rows [n, …] with their numbers, int64 [n]. NaN, which was not observed, is passed over.
  void add(const noneq::Tensor& rows, const noneq::Tensor& numbers) {
    if (rows.numel() == 0) return;
    const bool narrow = rows.scalar_type() == at::kHalf || rows.scalar_type() == at::kBFloat16;
    const noneq::Tensor x = rows.scalar_type() == at::kBool ? rows.view(at::kByte)
                            : narrow                        ? rows.to(at::kFloat)
                                                            : rows;
    const auto [least, most] = ends_of(x);  // not finite where a number is not
    if (std::isfinite(least) && std::isfinite(most)) {
      least_ = std::min(least_, least);
      most_ = std::max(most_, most);
    }
    for (const double stated : fill_) {
      // An attribute's text may have digits that its float32 numbers do not have.
      const double value = x.scalar_type() == at::kFloat ? static_cast<double>(static_cast<float>(stated)) : stated;
      if (missing_row_ >= 0 || value < least || value > most) continue;
      const noneq::Tensor here = x.view({x.size(0), -1}).eq(value).any(1);
      if (!here.any().item<bool>()) continue;
      missing_row_ = numbers[here.nonzero()[0].item<std::int64_t>()].item<std::int64_t>();
      missing_ = value;
    }
  }

  std::vector<double> range() const { return least_ <= most_ ? std::vector{least_, most_} : std::vector<double>{}; }
  std::int64_t missing_row() const { return missing_row_; }  // the first one seen; −1: none
  double missing() const { return missing_; }

 private:
  static std::pair<double, double> ends_of(const noneq::Tensor& x) {
    const auto [low, high] = at::aminmax(x);
    if (!low.isnan().item<bool>()) return {low.item<double>(), high.item<double>()};
    const noneq::Tensor observed = x.masked_select(x.isnan().logical_not());
    if (observed.numel() == 0) return {NAN, NAN};
    const auto [least, most] = at::aminmax(observed);
    return {least.item<double>(), most.item<double>()};
  }

  const std::vector<double> fill_;
  double least_ = std::numeric_limits<double>::infinity(), most_ = -least_, missing_ = 0;
  std::int64_t missing_row_ = -1;
};

}

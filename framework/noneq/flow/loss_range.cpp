#include "noneq/flow/loss_range.hpp"

#include <algorithm>
#include <cmath>

namespace noneq::flow {

// Losses may come close to the largest double, and JSON has no infinity.
static double bounded(double x) { return std::clamp(x, -1e300, 1e300); }

loss_range::loss_range(const nlohmann::json& saved)
    : n_(saved.at(0)),
      recent_(saved.at(1)),
      scatter_(saved.at(2)),
      first_(saved.at(3)),
      lowest_(saved.at(4)),
      scatter_at_lowest_(saved.at(5)) {}

nlohmann::json loss_range::saved() const { return {n_, recent_, scatter_, first_, lowest_, scatter_at_lowest_}; }

void loss_range::add(double loss) {
  const double share = 1 / static_cast<double>(std::min(++n_, window)), from_mean = bounded(loss) - recent_;
  recent_ = bounded(recent_ + share * from_mean);
  scatter_ = bounded(scatter_ + share * (std::abs(from_mean) - scatter_));
  if (n_ == window) first_ = recent_;
  if (n_ >= window && (n_ == window || recent_ < lowest_)) lowest_ = recent_, scatter_at_lowest_ = scatter_;
}

double loss_range::limit() const { return lowest_ + std::max(8 * scatter_at_lowest_, 0.5 * (first_ - lowest_)); }

}

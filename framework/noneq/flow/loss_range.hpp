// Whether the loss is still where training had brought it. A loss that grows back is the first sign of a divergence:
// the weights may be ruined long before any number is not finite. A value; a checkpoint carries it on.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace noneq {

class loss_range {
 public:
  loss_range() = default;
  // Throws nlohmann::json's exceptions when it is not what saved() gave.
  explicit loss_range(const nlohmann::json& saved);
  nlohmann::json saved() const;

  void add(double loss);  // after each step; finite

  // Whether the mean of the last steps lies above the lowest that it has been by half of all that training had gained,
  // and by eight times what single steps scattered there.
  bool left() const { return n_ >= window && recent_ > limit(); }
  // Whether a single loss is within that limit; true before there is one.
  bool holds(double loss) const { return n_ < window || loss <= limit(); }

 private:
  static constexpr std::int64_t window = 20;
  double limit() const;

  std::int64_t n_ = 0;
  double recent_ = 0, scatter_ = 0;  // of about the last `window` steps: mean, and mean distance from it
  double first_ = 0, lowest_ = 0, scatter_at_lowest_ = 0;
};

}

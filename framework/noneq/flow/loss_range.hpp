// Detects a loss that grows back from where training had brought it, the first sign of a divergence: the weights may be
// ruined long before any number is not finite. A value; a checkpoint stores it.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace noneq::flow {

class loss_range {
 public:
  loss_range() = default;
  // Throws nlohmann::json's exceptions when `saved` is not a result of saved().
  explicit loss_range(const nlohmann::json& saved);
  nlohmann::json saved() const;

  void add(double loss);  // after each step; finite

  // Returns whether the mean of the last steps lies above its lowest value by half of all that training had gained, and
  // by eight times the scatter of single steps there.
  bool left() const { return n_ >= window && recent_ > limit(); }
  // Returns whether a single loss is within that limit; true before there is one.
  bool holds(double loss) const { return n_ < window || loss <= limit(); }

 private:
  static constexpr std::int64_t window = 20;
  double limit() const;

  std::int64_t n_ = 0;
  double recent_ = 0, scatter_ = 0;  // of about the last `window` steps: mean, and mean distance from it
  double first_ = 0, lowest_ = 0, scatter_at_lowest_ = 0;
};

}

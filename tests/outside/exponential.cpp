// Two plugins of one file: two schedules whose signal level falls exponentially.
#include "noneq/plugin.hpp"

namespace schedules {

struct exponential : noneq::schedule {
  double rate = 5;
  noneq::Tensor beta() const override { return at::full({steps}, 1 - std::exp(-rate / steps), at::kDouble); }
  static void describe(noneq::description<exponential>& d) {
    d.doc("The signal level falls exponentially.").param("rate", &exponential::rate, "its logarithm", noneq::above(0));
  }
};
NONEQ_PLUGIN(exponential);

struct half : noneq::schedule {
  noneq::Tensor beta() const override { return at::full({steps}, 0.5, at::kDouble); }
  static void describe(noneq::description<half>& d) { d.doc("Every step halves the signal level."); }
};
NONEQ_PLUGIN(half);

}

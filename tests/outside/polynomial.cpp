// A schedule built outside the tree: ᾱ falls as a power of 1 − t/T.
#include "noneq/plugin.hpp"

struct polynomial : noneq::schedule {
  double power = 2;
  noneq::Tensor beta() const override {
    const noneq::Tensor alpha_bar =
        (1 - at::arange(0, steps + 1, at::kDouble) / static_cast<double>(steps + 1)).pow(power);
    return 1 - alpha_bar.slice(0, 1) / alpha_bar.slice(0, 0, steps);
  }
  static void describe(noneq::description<polynomial>& d) {
    d.doc("The signal level falls as a power of the time left.")
        .param("power", &polynomial::power, "the power", noneq::above(0));
  }
};
NONEQ_PLUGIN(polynomial);

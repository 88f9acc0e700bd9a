// A schedule: β for each of T steps. Here the signal level ᾱ falls as a power of a cosine.
#include "noneq/plugin.hpp"

namespace {

struct my_plugin : noneq::schedule {
  double power = 2;

  // Returns β_1..β_T, float64 [T] in (0, 1]; `steps` is T. A schedule is often easier to state by ᾱ_t = Π (1 − β_s).
  noneq::Tensor beta() const override {
    const noneq::Tensor t = at::arange(steps + 1, at::kDouble) / static_cast<double>(steps);
    const noneq::Tensor alpha_bar = (t * 1.5707963267948966).cos().pow(power);  // at t = 0..T
    return (1 - alpha_bar.slice(0, 1) / alpha_bar.slice(0, 0, steps)).clamp(1e-9, 0.999);
  }

  // A schedule that also knows times between the steps overrides log_snr_at(); one with parameters that training
  // changes overrides learnable().

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The signal level falls as a power of a cosine.")
        .param("power", &my_plugin::power, "2 is the cosine schedule without its offset", noneq::between(1, 8));
  }
};

NONEQ_PLUGIN(my_plugin);

}

// A time sampler: the steps at which a training batch is noised. Here t/T is a power of a uniform number, so that steps
// near the data are trained more often; the weights correct for that, and the objective stays as it is.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::time_sampler {
  double power = 2;

  // Returns B indices i = t − 1, int64 in 0..T−1 (float64 in [0, T−1] where time is continuous), with the weights
  // 1/(T·p_i). Row k of s.uniform() does not depend on B, and neither does row k of the result.
  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    const Tensor u = s.uniform({B}).to(at::kDouble).pow(power);
    const auto T = static_cast<double>(p.steps());
    if (p.tables.continuous()) {
      // The density of v = u^power is v^(1/power − 1)/power, which is infinite at 0.
      const Tensor v = u.clamp_min(1e-12);
      return {v * (T - 1), ((T - 1) / T * power * v.pow(1 - 1 / power)).to(at::kFloat)};
    }
    const Tensor i = (u * T).floor().clamp_max(T - 1);
    const Tensor probability = ((i + 1) / T).pow(1 / power) - (i / T).pow(1 / power);
    return {i.to(at::kLong), (1 / (T * probability)).to(at::kFloat)};
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("t/T is a power of a uniform number; above 1 steps near the data are drawn more often.")
        .param("power", &my_plugin::power, "1: uniform", noneq::between(1, 10));
  }
};

NONEQ_PLUGIN(my_plugin);

}

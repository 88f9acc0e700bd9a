// τ = σ(m + s n), n ~ N(0, 1), where τ is the share of the schedule that lies behind t and σ the logistic function
// (Esser et al. 2024, §3.1). For schedule.rectified τ is that of x_τ = (1−τ)x⁰ + τε, where logit τ is ln √((1−ᾱ)/ᾱ):
// this is then log_normal. With whole steps each t has the probability of (t−1)/T < τ < t/T.
#include "noneq/plugin.hpp"
#include "stretches.hpp"

struct logit_normal : shipped::normal_stretches {
  noneq::Tensor ends(const noneq::process& p) const override {
    return at::logit(at::linspace(0, 1, p.tables.continuous() ? p.steps() : p.steps() + 1, at::kDouble));
  }

  static void describe(noneq::description<logit_normal>& d) {
    d.doc(
        "The logit of τ is normal, where τ is the share of the schedule up to t (Esser et al. 2024); for "
        "schedule: rectified.");
    describe_normal(d, "m, the mean of logit τ; above 0 favours noise", "s, the standard deviation of logit τ");
  }
};
NONEQ_PLUGIN(logit_normal);

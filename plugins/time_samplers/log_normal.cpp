// ln σ ~ N(P_mean, P_std²), where σ = √(1−ᾱ)/√ᾱ is the noise on data of unit signal (Karras et al. 2022, §5 and table
// 1): most of the work goes where noise can be distinguished from data and is not yet easy to remove. In continuous
// time the distribution is cut off at the ends of the schedule. With whole steps ln σ is moved to the nearest step.
#include "noneq/plugin.hpp"
#include "stretches.hpp"

struct log_normal : shipped::normal_stretches {
  log_normal() { mean = -1.2, deviation = 1.2; }

  noneq::Tensor ends(const noneq::process& p) const override {
    if (!p.schedule->learnable().empty())
      throw noneq::error(
          "draws t by the σ of the schedule, which training would change; need a schedule that is not learned, or "
          "time: "
          "uniform, antithetic or logit_normal",
          "time");
    const noneq::Tensor log_sigma = -0.5 * noneq::log_snr(p.tables.log_alpha_bar);
    if (p.tables.continuous()) return log_sigma;
    const std::int64_t T = p.steps();
    const noneq::Tensor middles = 0.5 * (log_sigma.slice(0, 0, T - 1) + log_sigma.slice(0, 1));
    const noneq::Tensor end = at::full({1}, std::numeric_limits<double>::infinity(), at::kDouble);
    return at::cat({-end, middles, end});
  }

  static void describe(noneq::description<log_normal>& d) {
    d.doc(
        "ln σ is normal, σ = √((1−ᾱ)/ᾱ), within the ends of the schedule (Karras et al. 2022). With mean: v, "
        "loss.simple and objective: drawn it is their training for data of unit variance.");
    describe_normal(d, "P_mean, the mean of ln σ", "P_std, the standard deviation of ln σ");
  }
};
NONEQ_PLUGIN(log_normal);

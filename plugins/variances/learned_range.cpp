// ln Σ between ln β̃ and ln β (Nichol & Dhariwal 2021, eq. 15).
#include "noneq/diffusion/variances.hpp"
#include "noneq/plugin.hpp"

struct learned_range : noneq::variance {
  std::int64_t outputs() const override { return 1; }
  noneq::Tensor log_variance(const noneq::Tensor& raw, const noneq::coefficients& c, std::int64_t) const override {
    return noneq::learned_range(raw, c);
  }

  static void describe(noneq::description<learned_range>& d) {
    d.doc("The network interpolates ln Σ between ln β̃ (−1) and ln β (+1).").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(learned_range);

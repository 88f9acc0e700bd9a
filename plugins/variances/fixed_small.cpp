// Σ = β̃ (Ho et al. 2020, §3.2): right when x⁰ is one point, the lower end of a reverse step's variance.
#include "noneq/diffusion/variances.hpp"
#include "noneq/plugin.hpp"

struct fixed_small : noneq::variance {
  std::int64_t outputs() const override { return 0; }
  noneq::Tensor log_variance(const noneq::Tensor&, const noneq::coefficients& c, std::int64_t) const override {
    return noneq::fixed_small(c);
  }

  static void describe(noneq::description<fixed_small>& d) {
    d.doc("Σ = β̃, the posterior's own variance.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(fixed_small);

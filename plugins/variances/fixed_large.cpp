// Σ = β (Ho et al. 2020, §3.2): right when x⁰ ~ N(0, I), the upper end of a reverse step's variance.
#include "noneq/diffusion/variances.hpp"
#include "noneq/plugin.hpp"

struct fixed_large : noneq::variance {
  std::int64_t outputs() const override { return 0; }
  noneq::Tensor log_variance(const noneq::Tensor&, const noneq::coefficients& c, std::int64_t) const override {
    return noneq::fixed_large(c);
  }

  static void describe(noneq::description<fixed_large>& d) {
    d.doc("Σ = β, the forward step's variance.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(fixed_large);

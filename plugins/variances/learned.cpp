// The network's second output is ln Σ itself, softly held within (−40, 20).
#include "noneq/diffusion/variances.hpp"
#include "noneq/plugin.hpp"

struct learned : noneq::variance {
  std::int64_t outputs() const override { return 1; }
  noneq::Tensor log_variance(const noneq::Tensor& raw, const noneq::coefficients&, std::int64_t) const override {
    return noneq::learned(raw);
  }

  static void describe(noneq::description<learned>& d) {
    d.doc("The network predicts ln Σ per dimension; needs a loss that is a bound.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(learned);

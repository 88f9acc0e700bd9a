// Σ = σ(z/√T + logit β) (Sohl-Dickstein et al. 2015, reference code; the paper omits 1/√T): an output of 0 is the
// forward step's variance.
#include "noneq/diffusion/variances.hpp"
#include "noneq/plugin.hpp"

struct perturbation : noneq::variance {
  std::int64_t outputs() const override { return 1; }
  noneq::Tensor log_variance(const noneq::Tensor& raw, const noneq::coefficients& c, std::int64_t T) const override {
    return noneq::perturbation(raw, c, T);
  }

  static void describe(noneq::description<perturbation>& d) {
    d.doc("The network shifts the forward step's variance β on the logit scale (the code of 2015).");
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(perturbation);

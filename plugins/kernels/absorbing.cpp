// Categories that are masked (Austin et al. 2021, app. A.2.2). The chain is not reversible: the bound with the forward
// kernel at t = 1 has no meaning for it, that with a decoder (loss.vlb) has.
#include "categorical.hpp"

struct absorbing : shipped::categorical_kernel {
  bool reversible() const override { return false; }

  noneq::Tensor probabilities(std::int64_t K) const override {
    noneq::Tensor p = at::zeros({K}, at::kDouble);
    p[K - 1] = 1;
    return p;
  }

  static void describe(noneq::description<absorbing>& d) {
    d.doc(
        "Categories, one-hot [K, …]; a step keeps each with probability 1−β, else makes it the last, the mask, for "
        "good.");
    d.spaces({"categorical"});
  }
};
NONEQ_PLUGIN(absorbing);

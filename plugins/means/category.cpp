// The network predicts x⁰ of categories as logits, and the reverse step is p(x^{t−1}|x^t) ∝ Σ q(x^{t−1}, x^t|x⁰) p(x⁰)
// (Austin et al. 2021, eq. 4): the posterior of a kernel that takes probabilities in place of x⁰.
#include "noneq/plugin.hpp"

struct category : noneq::mean {
  using Tensor = noneq::Tensor;

  Tensor location(const Tensor& z, const noneq::reverse_point& at) const override {
    return at.kernel.posterior(x0(z, at), at.xt, at.c).location;
  }
  Tensor x0(const Tensor& z, const noneq::reverse_point&) const override { return z.softmax(1); }
  // Logits that are certain in both precisions.
  Tensor target(const Tensor& x0, const Tensor&, const noneq::reverse_point&) const override { return 80 * x0; }
  Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.snr; }

  static void describe(noneq::description<category>& d) {
    d.doc("The network predicts x⁰ as logits of its categories.").spaces({"categorical"});
  }
};
NONEQ_PLUGIN(category);

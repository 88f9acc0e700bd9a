// The network predicts the location of p(x^{t−1}|x^t) itself: μ̃ for Gaussian states (Ho et al. 2020, eq. 8), the logit
// of f_b for bits (Sohl-Dickstein et al. 2015, table App.1).
#include "../mixture.hpp"
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct mean : noneq::mean {
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point&) const override { return z; }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return at.kernel.has_variance() ? noneq::x0_from_mean(z, at.xt, at.c) : shipped::mixture::x0(z, at);
  }
  noneq::Tensor of_step(const noneq::Tensor& z, const noneq::reverse_point& from,
                        const noneq::reverse_point& to) const override {
    // The bound keeps the logit finite in float32.
    return to.kernel.has_variance() ? noneq::mean_from_x0(x0(z, from), to.xt, to.c)
                                    : shipped::mixture::location(at::logit(shipped::mixture::x0(z, from), 1e-7), to);
  }
  noneq::Tensor target(const noneq::Tensor& x0, const noneq::Tensor&, const noneq::reverse_point& at) const override {
    return at.kernel.posterior(x0, at.xt, at.c).location;
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.snr / at.c.c1.square(); }

  static void describe(noneq::description<mean>& d) {
    d.doc("The network predicts the reverse distribution's mean itself (bits: the logit of P(x^{t−1}=1|x^t)).");
    d.spaces({"gaussian", "binary"});
  }
};
NONEQ_PLUGIN(mean);

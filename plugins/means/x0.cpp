// The network predicts x⁰: its value for Gaussian states (Ho et al. 2020, §3.2), the logit of P(x⁰=1|x^t) for bits,
// from which the reverse step is the mixture of the two posteriors (Austin et al. 2021, eq. 4).
#include "../mixture.hpp"
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

// A struct called x0 could have no member function x0.
struct x0_prediction : noneq::gaussian_mean {
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return at.kernel.has_variance() ? gaussian_mean::location(z, at) : shipped::mixture::location(z, at);
  }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return at.kernel.has_variance() ? z : z.sigmoid();
  }
  noneq::Tensor target(const noneq::Tensor& x0, const noneq::Tensor&, const noneq::reverse_point& at) const override {
    return at.kernel.has_variance() ? x0 : shipped::mixture::certain(x0);
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.snr; }

  static void describe(noneq::description<x0_prediction>& d) {
    d.doc("The network predicts x⁰ (bits: the logit of P(x⁰=1|x^t)).").spaces({"gaussian", "binary"});
  }
};
using x0 = x0_prediction;
NONEQ_PLUGIN(x0);

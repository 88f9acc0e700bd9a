// The network predicts v = √ᾱ ε − √(1−ᾱ) x⁰ (Salimans & Ho 2022, app. D): well behaved at both ends of the schedule.
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct v : noneq::gaussian_mean {
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::x0_from_v(z, at.xt, at.c);
  }
  noneq::Tensor target(const noneq::Tensor& x0, const noneq::Tensor& noise,
                       const noneq::reverse_point& at) const override {
    return at.c.sqrt_alpha_bar * noise - at.c.sqrt_one_minus_alpha_bar * x0;
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.alpha_bar; }

  static void describe(noneq::description<v>& d) {
    d.doc("The network predicts v = √ᾱ ε − √(1−ᾱ) x⁰; also where β_T = 1.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(v);

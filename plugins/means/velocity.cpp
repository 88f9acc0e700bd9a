// The network predicts the velocity u = ε − x⁰ of the straight path x_τ = (1−τ)x⁰ + τε, and its input is x_τ (Liu et
// al. 2022; Lipman et al. 2022). Every variance-preserving state lies on that path: x_τ = s x^t with s = 1/(√ᾱ+√(1−ᾱ))
// and τ = s√(1−ᾱ), so any schedule will do; with schedule.rectified τ = t/T.
#include "noneq/plugin.hpp"

struct velocity : noneq::gaussian_mean {
  using Tensor = noneq::Tensor;

  static Tensor scale(const noneq::coefficients& c) { return 1 / (c.sqrt_alpha_bar + c.sqrt_one_minus_alpha_bar); }

  Tensor input(const Tensor& xt, const noneq::coefficients& c) const override { return scale(c) * xt; }
  // x_τ − τz.
  Tensor x0(const Tensor& z, const noneq::reverse_point& at) const override {
    return scale(at.c) * (at.xt - at.c.sqrt_one_minus_alpha_bar * z);
  }
  Tensor target(const Tensor& x0, const Tensor& noise, const noneq::reverse_point&) const override {
    return noise - x0;
  }
  // ε̂ = x_τ + (1−τ)z.
  Tensor epsilon_error(const noneq::reverse_point& at) const override {
    return (at.c.sqrt_alpha_bar * scale(at.c)).square();
  }

  static void describe(noneq::description<velocity>& d) {
    d.doc("The network predicts ε − x⁰, the velocity of the straight path from data to noise (flow matching).")
        .spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(velocity);

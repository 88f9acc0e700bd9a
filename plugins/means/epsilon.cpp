// The network predicts the noise ε in x^t = √ᾱ x⁰ + √(1−ᾱ) ε (Ho et al. 2020, eq. 11).
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct epsilon : noneq::mean {
  // Not through x̂⁰: near t = T that divides by a tiny √ᾱ and multiplies it back.
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::mean_from_epsilon(z, at.xt, at.c);
  }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::x0_from_epsilon(z, at.xt, at.c);
  }
  noneq::Tensor target(const noneq::Tensor&, const noneq::Tensor& noise, const noneq::reverse_point&) const override {
    return noise;
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override { return at::ones_like(at.c.beta); }
  void check_tables(const noneq::tables& t) const override { noneq::need_positive_alpha_bar(t, "epsilon"); }

  static void describe(noneq::description<epsilon>& d) {
    d.doc("The network predicts the noise ε that was mixed into x^t.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(epsilon);

// The network predicts the score ∇ ln q(x^t) = −ε/√(1−ᾱ) (Song et al. 2021).
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct score : noneq::mean {
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::mean_from_epsilon(-at.c.sqrt_one_minus_alpha_bar * z, at.xt, at.c);
  }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::x0_from_score(z, at.xt, at.c);
  }
  noneq::Tensor target(const noneq::Tensor&, const noneq::Tensor& noise,
                       const noneq::reverse_point& at) const override {
    return -noise / at.c.sqrt_one_minus_alpha_bar;
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.one_minus_alpha_bar; }
  void check_tables(const noneq::tables& t) const override { noneq::need_positive_alpha_bar(t, "score"); }

  static void describe(noneq::description<score>& d) {
    d.doc("The network predicts the score ∇ ln q(x^t).").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(score);

// The network predicts a shift of the forward mean: μ = √(1−β) x^t + √β z (Sohl-Dickstein et al. 2015, reference code).
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct perturbation : noneq::mean {
  noneq::Tensor location(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::mean_from_perturbation(z, at.xt, at.c);
  }
  noneq::Tensor x0(const noneq::Tensor& z, const noneq::reverse_point& at) const override {
    return noneq::x0_from_mean(noneq::mean_from_perturbation(z, at.xt, at.c), at.xt, at.c);
  }
  noneq::Tensor of_step(const noneq::Tensor& z, const noneq::reverse_point& from,
                        const noneq::reverse_point& to) const override {
    return target(x0(z, from), {}, to);
  }
  noneq::Tensor target(const noneq::Tensor& x0, const noneq::Tensor&, const noneq::reverse_point& at) const override {
    return noneq::perturbation_from_mean(noneq::mean_from_x0(x0, at.xt, at.c), at.xt, at.c);
  }
  noneq::Tensor epsilon_error(const noneq::reverse_point& at) const override {
    return at.c.beta * at.c.snr / at.c.c1.square();
  }

  static void describe(noneq::description<perturbation>& d) {
    d.doc("The network shifts the forward mean, in units of √β (the code of 2015); 0 is the forward kernel.");
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(perturbation);

#include "noneq/diffusion/means.hpp"

namespace noneq {
inline namespace means {

Tensor x0_from_epsilon(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return (xt - c.sqrt_one_minus_alpha_bar * z) / c.sqrt_alpha_bar;
}

Tensor epsilon_from_x0(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return (xt - c.sqrt_alpha_bar * z) / c.sqrt_one_minus_alpha_bar;
}

Tensor x0_from_v(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return c.sqrt_alpha_bar * xt - c.sqrt_one_minus_alpha_bar * z;
}

Tensor x0_from_score(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return (xt + c.one_minus_alpha_bar * z) / c.sqrt_alpha_bar;
}

Tensor x0_from_mean(const Tensor& z, const Tensor& xt, const coefficients& c) { return (z - c.c2 * xt) / c.c1; }

Tensor mean_from_x0(const Tensor& z, const Tensor& xt, const coefficients& c) { return c.c1 * z + c.c2 * xt; }

Tensor mean_from_epsilon(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return (xt - c.beta / c.sqrt_one_minus_alpha_bar * z) / c.alpha.sqrt();
}

Tensor mean_from_perturbation(const Tensor& z, const Tensor& xt, const coefficients& c) {
  return c.alpha.sqrt() * xt + c.beta.sqrt() * z;
}

Tensor perturbation_from_mean(const Tensor& mean, const Tensor& xt, const coefficients& c) {
  return (mean - c.alpha.sqrt() * xt) / c.beta.sqrt();
}

Tensor mean_from_decay(const Tensor& z, const Tensor& xt, const Tensor& log_variance) {
  return xt + (z - xt) * log_variance.exp();
}

Tensor decay_from_mean(const Tensor& mean, const Tensor& xt, const Tensor& log_variance) {
  return xt + (mean - xt) * (-log_variance).exp();
}

}
}

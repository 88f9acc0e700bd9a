#include "noneq/diffusion/variances.hpp"

#include <cmath>

namespace noneq {
inline namespace variances {

Tensor fixed_small(const coefficients& c) { return c.log_beta_tilde; }

Tensor fixed_large(const coefficients& c) { return c.log_beta; }

Tensor learned(const Tensor& raw) {
  constexpr double low = -40, high = 20;
  const Tensor below_high = high - at::softplus(high - raw);
  return low + at::softplus(below_high - low);
}

Tensor learned_range(const Tensor& v, const coefficients& c) {
  const Tensor f = 0.5 * (v + 1);
  return f * c.beta.log() + (1 - f) * c.log_beta_tilde;
}

Tensor perturbation(const Tensor& z, const coefficients& c, std::int64_t steps) {
  const Tensor logit_beta = c.beta.log() - c.alpha.clamp_min(1e-30).log();
  return at::log_sigmoid(z / std::sqrt(static_cast<double>(steps)) + logit_beta);
}

}
}

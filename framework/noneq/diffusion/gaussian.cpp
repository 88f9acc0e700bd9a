#include "noneq/diffusion/gaussian.hpp"

#include <cmath>
#include <numbers>

#include "noneq/core/row_kernels.hpp"

namespace noneq::gaussian {
namespace {

const double log_two_pi = std::log(2 * std::numbers::pi);

// x + scale·y with one scale a sample: one pass over memory where no gradient is asked for.
Tensor add_scaled(const Tensor& x, const Tensor& scale, const Tensor& y) {
  const bool learns = at::GradMode::is_enabled() && (x.requires_grad() || scale.requires_grad() || y.requires_grad());
  const auto plain = [](const Tensor& t) { return t.scalar_type() == at::kFloat && t.is_contiguous(); };
  const bool by_row = x.dim() > 0 && x.numel() > 0 && x.sizes() == y.sizes() && scale.dim() == x.dim() &&
                      scale.size(0) == x.size(0) && scale.numel() == x.size(0);
  if (learns || !by_row || !plain(x) || !plain(y) || !plain(scale)) return x + scale * y;
  Tensor out = at::empty_like(x);
  rows::add_scaled(x.size(0), x.numel() / x.size(0), x.data_ptr<float>(), scale.data_ptr<float>(), y.data_ptr<float>(),
                   out.data_ptr<float>());
  return out;
}

}

distribution marginal(const Tensor& x0, const coefficients& c) {
  return {c.sqrt_alpha_bar * x0, c.one_minus_alpha_bar.log()};
}

distribution transition(const Tensor& xprev, const coefficients& c) { return {c.alpha.sqrt() * xprev, c.beta.log()}; }

distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c) {
  return {c.c1 * x0 + c.c2 * xt, c.log_beta_tilde};
}

distribution stationary(const Tensor& x) { return {at::zeros_like(x), at::zeros({}, x.options())}; }

Tensor sample(const distribution& d, const Tensor& noise) {
  return add_scaled(d.location, (0.5 * d.log_variance).exp(), noise);
}

Tensor log_prob(const Tensor& x, const distribution& d) {
  const Tensor square = (x - d.location).square() * (-d.log_variance).exp();
  return sum_per_sample(-0.5 * (square + d.log_variance + log_two_pi));
}

Tensor kl(const distribution& q, const distribution& p) {
  const Tensor ratio = q.log_variance - p.log_variance;
  const Tensor square = (q.location - p.location).square() * (-p.log_variance).exp();
  return sum_per_sample(0.5 * (square + (at::expm1(ratio) - ratio)));
}

Tensor entropy(const distribution& d, const Tensor& like) {
  return sum_per_sample((0.5 * (d.log_variance + (log_two_pi + 1))).expand_as(like));
}

Tensor cross_entropy(const distribution& q, const distribution& p) {
  const Tensor square = (q.location - p.location).square() * (-p.log_variance).exp();
  const Tensor spread = at::exp(q.log_variance - p.log_variance) + p.log_variance + log_two_pi;
  return sum_per_sample(0.5 * (square + spread));
}

}

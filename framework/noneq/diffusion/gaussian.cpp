#include "noneq/diffusion/gaussian.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "noneq/core/row_kernels.hpp"

namespace noneq::gaussian {
namespace {

const double log_two_pi = std::log(2 * std::numbers::pi);

// Returns whether a row kernel may take these: float32 in order, samples x and y beside one scale a sample, and no
// gradient.
bool by_row(const Tensor& x, const Tensor& y, std::initializer_list<const Tensor*> scales) {
  const auto plain = [](const Tensor& t) {
    return t.scalar_type() == at::kFloat && t.is_contiguous() && !(at::GradMode::is_enabled() && t.requires_grad());
  };
  return x.dim() > 0 && x.numel() > 0 && x.sizes() == y.sizes() && plain(x) && plain(y) &&
         std::all_of(scales.begin(), scales.end(), [&](const Tensor* s) {
           return plain(*s) && s->dim() == x.dim() && s->size(0) == x.size(0) && s->numel() == x.size(0);
         });
}

// x + scale·y.
Tensor add_scaled(const Tensor& x, const Tensor& scale, const Tensor& y) {
  if (!by_row(x, y, {&scale})) return x + scale * y;
  Tensor out = at::empty_like(x);
  rows::add_scaled(x.size(0), x.numel() / x.size(0), x.data_ptr<float>(), scale.data_ptr<float>(), y.data_ptr<float>(),
                   out.data_ptr<float>());
  return out;
}

}

distribution marginal(const Tensor& x0, const coefficients& c) {
  return {c.sqrt_alpha_bar * x0, c.one_minus_alpha_bar.log()};
}

Tensor jump(const Tensor& x0, const coefficients& c, const Tensor& noise) {
  const Tensor spread = (0.5 * c.one_minus_alpha_bar.log()).exp();  // as sample() has it, to the last bit
  if (!by_row(x0, noise, {&c.sqrt_alpha_bar, &spread})) return c.sqrt_alpha_bar * x0 + spread * noise;
  Tensor out = at::empty_like(x0);
  rows::scaled_sum(x0.size(0), x0.numel() / x0.size(0), c.sqrt_alpha_bar.data_ptr<float>(), x0.data_ptr<float>(),
                   spread.data_ptr<float>(), noise.data_ptr<float>(), out.data_ptr<float>());
  return out;
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

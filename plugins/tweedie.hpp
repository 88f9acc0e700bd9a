// Tweedie's formula: under a factor r(x⁰) the mean of x⁰ given x^t is x̂⁰ + ∇ ln r_t(x^t)/Δ_t, where r_t(x^t) =
// E[r(x⁰)|x^t], and without one its covariance is ∂x̂⁰/∂x^t / Δ_t (Efron 2011). It holds wherever the part of ln
// q(x^t|x⁰) that depends on both is Δ_t x^t·x⁰. Gaussian: Δ_t = √ᾱ/(1−ᾱ). Bits: Δ_t is the difference of logit
// P(x^t=1|x⁰) between x⁰ = 1 and x⁰ = 0, and x̂⁰ between bits follows from Bayes' rule. Pure, thread-safe.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

// 1/Δ_t, per sample; infinite where x^t has no signal.
inline noneq::Tensor tweedie(const noneq::kernel& k, const noneq::coefficients& c) {
  if (k.has_variance()) return c.one_minus_alpha_bar / c.sqrt_alpha_bar;
  // Next to t = T two logits differ by less than float32 resolves.
  noneq::coefficients fine = c;
  fine.alpha_bar = c.alpha_bar.to(at::kDouble);
  fine.one_minus_alpha_bar = c.one_minus_alpha_bar.to(at::kDouble);
  const noneq::Tensor zero = at::zeros_like(fine.alpha_bar);
  return (k.marginal(zero + 1, fine).location - k.marginal(zero, fine).location)
      .reciprocal()
      .to(c.alpha_bar.scalar_type());
}

}

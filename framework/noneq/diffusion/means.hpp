// Conversions between what a network may predict and the mean of the reverse step, for the Gaussian kernel.
// z is the prediction, xt [B, …] the state, c the coefficients at its t. Pure, thread-safe, differentiable.
//   ε   noise: x^t = √ᾱ x⁰ + √(1−ᾱ) ε      v      √ᾱ ε − √(1−ᾱ) x⁰       score  ∇ ln q(x^t) = −ε/√(1−ᾱ)
//   mean  of q(x^{t−1}|x^t,x⁰)              perturbation, decay: the two readouts of Sohl-Dickstein et al. 2015
// Where ᾱ_t = 0 (β_T = 1) x⁰ does not follow from ε or the score, and the result is not finite. Refuse it at
// configuration.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/coefficients.hpp"

namespace noneq {
inline namespace means {

// Ho et al. 2020, eq. 15: x⁰ = (x^t − √(1−ᾱ) ε)/√ᾱ.
Tensor x0_from_epsilon(const Tensor& z, const Tensor& xt, const coefficients& c);
Tensor epsilon_from_x0(const Tensor& z, const Tensor& xt, const coefficients& c);

// Salimans & Ho 2022, app. D: x⁰ = √ᾱ x^t − √(1−ᾱ) v, finite also at ᾱ = 0.
Tensor x0_from_v(const Tensor& z, const Tensor& xt, const coefficients& c);

// Song et al. 2021: x⁰ = (x^t + (1−ᾱ) score)/√ᾱ.
Tensor x0_from_score(const Tensor& z, const Tensor& xt, const coefficients& c);

// Ho et al. 2020, eq. 7: mean = c₁ x⁰ + c₂ x^t; inverting needs ᾱ_{t−1} > 0.
Tensor x0_from_mean(const Tensor& z, const Tensor& xt, const coefficients& c);
Tensor mean_from_x0(const Tensor& z, const Tensor& xt, const coefficients& c);

// Ho et al. 2020, eq. 11: (x^t − β ε/√(1−ᾱ))/√α.
Tensor mean_from_epsilon(const Tensor& z, const Tensor& xt, const coefficients& c);

// 2015's reference code: mean = √(1−β) x^t + √β z.
Tensor mean_from_perturbation(const Tensor& z, const Tensor& xt, const coefficients& c);
Tensor perturbation_from_mean(const Tensor& mean, const Tensor& xt, const coefficients& c);

// 2015's paper, eq. 65: mean = (x^t − z)(1−Σ) + z, where log_variance = ln Σ.
Tensor mean_from_decay(const Tensor& z, const Tensor& xt, const Tensor& log_variance);
Tensor decay_from_mean(const Tensor& mean, const Tensor& xt, const Tensor& log_variance);

}
}

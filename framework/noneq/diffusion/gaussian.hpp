// The Gaussian kernel: states in R^d, stationary distribution N(0, I), diagonal covariances.
// Pure functions of x [B, …] and the coefficients at each sample's t; thread-safe; differentiable in everything.
// Ho et al. 2020, eqs. 2-8; Sohl-Dickstein et al. 2015, table App.1.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/coefficients.hpp"
#include "noneq/diffusion/distribution.hpp"

namespace noneq::gaussian {

// q(x^t|x⁰) = N(√ᾱ x⁰, 1−ᾱ).
distribution marginal(const Tensor& x0, const coefficients& c);
// Returns √ᾱ x⁰ + √(1−ᾱ) noise, of any shapes; in one pass over memory where no gradient is required.
Tensor jump(const Tensor& x0, const coefficients& c, const Tensor& noise);

// q(x^t|x^{t−1}) = N(√α x^{t−1}, β), with the true β at every t.
distribution transition(const Tensor& xprev, const coefficients& c);

// q(x^{t−1}|x^t,x⁰) = N(c₁x⁰ + c₂x^t, β̃). At t = 1 it is the point x⁰, whose ln β̃ = −inf would spoil every KL: its
// log-variance there is that of t = 2 (log_beta_tilde's rule). The bound has no KL at t = 1.
distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c);

// π = N(0, I), shaped like x.
distribution stationary(const Tensor& x);

// μ + σ·noise; noise ~ N(0, I) shaped like the location.
Tensor sample(const distribution& d, const Tensor& noise);

// ln p(x), nats, [B].
Tensor log_prob(const Tensor& x, const distribution& d);

// KL(q‖p), nats, [B]; exactly 0 for q = p.
Tensor kl(const distribution& q, const distribution& p);

// Differential entropy, nats, [B]; `like` [B, …] gives the number of dimensions.
Tensor entropy(const distribution& d, const Tensor& like);

// −E_q ln p in closed form, nats, [B].
Tensor cross_entropy(const distribution& q, const distribution& p);

}

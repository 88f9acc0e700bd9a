// The binomial heat-bath kernel: states are bits, stationary distribution B(r) per bit.
// With probability 1−β a bit is kept, otherwise redrawn from B(r). Sohl-Dickstein et al. 2015, table App.1.
// States are 0/1 tensors [B, …] of floating dtype; distributions are logits. Pure functions, thread-safe,
// differentiable. Logits are kept within ±100 (float64) or ±80 (else): certainty to the last digit, and no infinity to
// poison a gradient. r must lie in (0, 1), else noneq::error.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/coefficients.hpp"
#include "noneq/diffusion/distribution.hpp"

namespace noneq::binomial {

// P(x^t=1|x⁰) = ᾱ x⁰ + (1−ᾱ) r. A probability for x0 gives the mixture.
distribution marginal(const Tensor& x0, const coefficients& c, double r);

// P(x^t=1|x^{t−1}) = (1−β) x^{t−1} + β r.
distribution transition(const Tensor& xprev, const coefficients& c, double r);

// P(x^{t−1}=1|x^t,x⁰) for bits x0 and xt, by Bayes; at t = 1 it is x0.
distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c, double r);

// P(x^{t−1}=1|x^t) when P(x⁰=1|x^t) = p: p·q(·|xt,1) + (1−p)·q(·|xt,0). p in [0, 1].
distribution posterior_mixture(const Tensor& p, const Tensor& xt, const coefficients& c, double r);

// π = B(r), shaped like x.
distribution stationary(const Tensor& x, double r);

// Bits: uniform < P(1); uniform in [0, 1) shaped like the location.
Tensor sample(const distribution& d, const Tensor& uniform);

// ln P(x) of bits x, nats, [B].
Tensor log_prob(const Tensor& x, const distribution& d);

// KL(q‖p), nats, [B].
Tensor kl(const distribution& q, const distribution& p);

// Entropy, nats, [B]; `like` [B, …] gives the number of bits.
Tensor entropy(const distribution& d, const Tensor& like);

// −E_q ln p, nats, [B].
Tensor cross_entropy(const distribution& q, const distribution& p);

}

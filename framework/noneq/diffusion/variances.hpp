// The reverse step's log-variance ln Σ, for the Gaussian kernel: fixed by the schedule or read from a network.
// Results are broadcastable to the state [B, …]. Pure, thread-safe, differentiable.
#pragma once

#include <cstdint>

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/coefficients.hpp"

namespace noneq {
inline namespace variances {

// ln β̃, right when x⁰ is one point; entry t = 1 is that of t = 2. [B, 1, …]. Ho et al. 2020, §3.2.
Tensor fixed_small(const coefficients& c);

// ln β, right when x⁰ ~ N(0, I); entry t = 1 is ln β̃ at t = 2. [B, 1, …]. Ho et al. 2020, §3.2.
Tensor fixed_large(const coefficients& c);

// The network's own log-variance: `raw` itself within [−20, 0], softly held inside (−40, 20) beyond. Soft, because a
// hard clamp has no gradient to come back on.
Tensor learned(const Tensor& raw);

// f ln β + (1−f) ln β̃ with f = (v+1)/2; v in [−1, 1] stays between the two bounds. At t = 1: the true ln β, and ln β̃ of
// t = 2, as in the published code. Nichol & Dhariwal 2021, eq. 15.
Tensor learned_range(const Tensor& v, const coefficients& c);

// ln σ(z/√T + logit β): z = 0 is the forward variance. Sohl-Dickstein et al. 2015's code (the paper omits 1/√T).
Tensor perturbation(const Tensor& z, const coefficients& c, std::int64_t steps);

}
}

// The variational bound on the log likelihood, as far as it does not depend on the kernel: its sum, units and the
// Monte Carlo estimate. Sohl-Dickstein et al. 2015, §2.4 and app. B. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <numbers>

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/tables.hpp"

namespace noneq {

inline constexpr double nats_per_bit = std::numbers::ln2;

inline double bits(double nats) { return nats / nats_per_bit; }
inline Tensor bits(const Tensor& nats) { return nats / nats_per_bit; }

// K = −Σ_{t≥2} KL_t + H_q(X^T|X⁰) − H_q(X¹|X⁰) − cross, where cross = −E_q ln π(x^T). All nats, all of one shape.
// The edge step p(x⁰|x¹) is the forward kernel; `edge` = ln π(x⁰) − E_q ln π(x¹), 0 in expectation for data with π's
// moments. K is one-sided: without β_1 stated beside it, it means nothing (K → ∞ as β_1 → 0 on a thin manifold).
Tensor trajectory_bound(const Tensor& kl_sum, const Tensor& entropy_last, const Tensor& entropy_first,
                        const Tensor& cross_entropy_last, const Tensor& edge);

// A Monte Carlo mean and its standard error.
struct estimate {
  double value = 0, stderr = 0;
};

// Mean of independent samples [N], N >= 1, in float64; the error is NaN for N = 1. Throws noneq::error for other
// shapes.
estimate estimate_mean(const Tensor& samples);

}

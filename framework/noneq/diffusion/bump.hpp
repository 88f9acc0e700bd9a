// The temporal basis of Sohl-Dickstein et al. 2015: smooth functions of t, for per-step readouts and for a learned β.
// Pure, thread-safe.
#pragma once

#include <cstdint>

#include "noneq/core/tensor.hpp"

namespace noneq {

// g [T, J] float64, rows summing to 1: g_j(t) ∝ exp(−(t−τ_j)²/2w²), t on linspace(−1, 1, T), centres τ on
// linspace(−1, 1, J), w half their spacing. J = 1 is all ones. Throws noneq::error unless T, J >= 1.
Tensor bump_basis(std::int64_t steps, std::int64_t bumps);

// β_t = m_t + σ(logit b_t + Σ_j g_j(t) c_j)(1 − m_t − 1e-5), [T] float64, with b = 1/linspace(T, 2, T), m_t = 1e-6 and
// 1e-3 more at t = 1. c [J] may require grad; c = 0 is the published initial schedule. Throws noneq::error unless
// T >= 2. From the reference code of 2015.
Tensor learned_beta(const Tensor& c, std::int64_t steps);

}

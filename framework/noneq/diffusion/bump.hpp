// The temporal basis of Sohl-Dickstein et al. 2015: smooth functions of t, for per-step readouts and for the learned β
// of schedule.learned.
// Pure, thread-safe.
#pragma once

#include <cstdint>

#include "noneq/core/tensor.hpp"

namespace noneq {

// g [T, J] float64, rows summing to 1: g_j(t) ∝ exp(−(t−τ_j)²/2w²), t on linspace(−1, 1, T), centres τ on
// linspace(−1, 1, J), w half their spacing. J = 1 is all ones. Throws noneq::error unless T, J >= 1.
Tensor bump_basis(std::int64_t steps, std::int64_t bumps);

}

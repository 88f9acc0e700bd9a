// Distances between all pairs of two sets of points. Pure, thread-safe.
#pragma once

#include <functional>

#include "noneq/core/tensor.hpp"

namespace noneq {

// ‖aᵢ − bⱼ‖² [m, n] of a [m, D] and b [n, D], float64. What rounding leaves of a distance of 0 counts as 0, so that
// equal points are found equal.
inline Tensor squared_distances(const Tensor& a, const Tensor& b) {
  const Tensor norms = a.square().sum(1, true) + b.square().sum(1), d = at::addmm(norms, a, b.t(), 1, -2);
  return at::where(d > 1e-12 * norms, d, at::zeros({}, at::kDouble));
}

}

// Distances between all pairs of two sets of points. Pure, thread-safe.
#pragma once

#include <functional>

#include "noneq/core/tensor.hpp"

namespace shipped {

// Returns ‖aᵢ − bⱼ‖² [m, n] of a [m, D] and b [n, D], float64. A rest of rounding counts as 0, so that equal points are
// found equal. Points that lie far from the origin beside their spread are moved there first: their distances would
// drown in the squares of their lengths.
inline noneq::Tensor squared_distances(const noneq::Tensor& a, const noneq::Tensor& b) {
  const noneq::Tensor centre = b.mean(0, true), moved = b - centre;
  const bool far = (centre.square().sum() > 1e6 * moved.square().sum(1).mean()).item<bool>();
  const noneq::Tensor x = far ? a - centre : a, y = far ? moved : b;
  const noneq::Tensor norms = x.square().sum(1, true) + y.square().sum(1), d = at::addmm(norms, x, y.t(), 1, -2);
  return at::where(d > 1e-12 * norms, d, at::zeros({}, at::kDouble));
}

}

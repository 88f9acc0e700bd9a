// Uniform numbers fine enough to choose among a million steps: a float32's 24 bits alone leave some of them unevenly
// likely. Pure, thread-safe.
#pragma once

#include <algorithm>

#include "noneq/core/random.hpp"

// [n] float64 in [0, 1) of 48 random bits; row k is the same whatever n is.
inline noneq::Tensor unit_rows(const noneq::stream& s, std::int64_t n) {
  const noneq::Tensor halves = s.uniform({n, 2}), out = at::empty({n}, at::kDouble);
  const float* half = halves.data_ptr<float>();
  auto* u = out.data_ptr<double>();
  for (std::int64_t k = 0; k < n; ++k) u[k] = half[2 * k] + half[2 * k + 1] * 0x1p-24;
  return out;
}

// t − 1 in first−1..T−1 from u in [0, 1), int64.
inline noneq::Tensor stretched(const noneq::Tensor& u, std::int64_t first, std::int64_t T) {
  const noneq::Tensor out = at::empty(u.sizes(), at::kLong);
  const auto* from = u.data_ptr<double>();
  auto* t = out.data_ptr<std::int64_t>();
  for (std::int64_t k = 0; k < u.numel(); ++k)
    t[k] = first - 1 + std::min(static_cast<std::int64_t>(from[k] * static_cast<double>(T - first + 1)), T - first);
  return out;
}

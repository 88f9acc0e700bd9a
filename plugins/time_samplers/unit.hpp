// Uniform numbers fine enough to choose among a million steps: a float32's 24 bits alone leave some of them unevenly
// likely. Pure, thread-safe.
#pragma once

#include "noneq/core/random.hpp"

// [n] float64 in [0, 1) of 48 random bits; row k is the same whatever n is.
inline noneq::Tensor unit_rows(const noneq::stream& s, std::int64_t n) {
  const noneq::Tensor halves = s.uniform({n, 2}).to(at::kDouble);
  return halves.select(1, 0) + halves.select(1, 1) * 0x1p-24;
}

// t − 1 in first−1..T−1 from u in [0, 1), int64.
inline noneq::Tensor stretched(const noneq::Tensor& u, std::int64_t first, std::int64_t T) {
  return (first - 1) + (u * static_cast<double>(T - first + 1)).floor().to(at::kLong).clamp_max(T - first);
}

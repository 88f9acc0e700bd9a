// Uniform numbers fine enough to choose among a million steps: a float32's 24 bits alone leave some of them unevenly
// likely. Pure, thread-safe.
#pragma once

#include <algorithm>

#include "noneq/plugin/roles/time_sampler.hpp"

namespace shipped {

// [n] float64 in [0, 1) of 48 random bits; row k does not depend on n.
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

// Times from u in [0, 1) (float64 [B]): each of the steps first..T with equal probability, or, in continuous time,
// anywhere from first to T. The steps of length 1 that end there make a walk from T to the data for each offset, of T −
// 1 steps in the mean. Throws noneq::error unless something lies between first and T.
inline noneq::drawn_times uniform_times(const noneq::Tensor& u, std::int64_t first, const noneq::process& p) {
  const std::int64_t T = p.steps(), most = p.tables.continuous() ? T - 1 : T;
  if (first > most) throw noneq::error(c10::str("got first: ", first, ", need at most ", most, ", as T is ", T));
  const auto weights = [&](std::int64_t drawn) {
    return at::full(u.sizes(), static_cast<double>(drawn) / static_cast<double>(T), at::kFloat);
  };
  if (!p.tables.continuous()) return {stretched(u, first, T), weights(T - first + 1)};
  return {u * static_cast<double>(T - first) + static_cast<double>(first - 1), weights(T - first)};
}

}

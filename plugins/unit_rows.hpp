// A x = y with x in the units of the model, in which numbers of a sample are about 1, and with rows of length 1, so
// that channels of any scale and measurements of any unit have equal weight. Pure, thread-safe.
#pragma once

#include "noneq/plugin/roles/guide.hpp"

namespace shipped {

// B u = b for u = (x − shift)/scale, float64.
struct unit_rows {
  noneq::linear_equation of;
  noneq::Tensor weight;  // by which the rows of A·scale were multiplied, [1, …]
  noneq::Tensor size;    // how large the numbers are that b was computed from, like b
};

inline unit_rows in_model_units(const noneq::linear_equation& e, const noneq::normalisation& normal,
                                noneq::sizes shape) {
  const noneq::Tensor scale = normal.scale.to(at::kDouble), shift = normal.shift.to(at::kDouble);
  constexpr std::int64_t rounds = 8, probes = 8;  // few at a time: a sample may be large
  shape.insert(shape.begin(), probes);
  // Random signs show how long a row is: E (A z)² is the square of it.
  noneq::Tensor square;
  for (std::int64_t k = 0; k < rounds; ++k) {
    const noneq::Tensor signs = noneq::stream(1).fork(k).uniform(shape).sub(0.5).sign().to(at::kDouble);
    const noneq::Tensor more = e.map(scale * signs).square().mean(0, true) / static_cast<double>(rounds);
    square = square.defined() ? square + more : more;
  }
  shape[0] = 1;
  const noneq::Tensor weight = at::where(square > 0, square.rsqrt(), at::ones_like(square));
  const noneq::Tensor constant = e.map(shift + at::zeros(shape, at::kDouble));
  return {{weight * (e.y - constant), [=, map = e.map](const noneq::Tensor& u) { return weight * map(scale * u); },
           [=, transposed = e.transposed](const noneq::Tensor& u) { return scale * transposed(weight * u); }},
          weight,
          (weight * e.y).abs() + (weight * constant).abs()};
}

}

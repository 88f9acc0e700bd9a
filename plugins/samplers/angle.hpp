// The probability flow ODE (Song et al. 2021, eq. 13) in the angle φ of x^t = cos φ x⁰ + sin φ ε, where it reads
// dx/dφ = v̂ (Salimans & Ho 2022, app. D): smooth from pure noise, at π/2, to the data, at 0, whatever the schedule.
// Pure, thread-safe.
#pragma once

#include "walk.hpp"

namespace shipped {

// v̂ = dx/dφ at a state with noise, from x̂⁰.
inline noneq::Tensor angle_slope(const level& at, const noneq::Tensor& x, const noneq::Tensor& x0) {
  return (at.alpha * x - x0) / at.sigma;
}

// Heun's rule from x, where the slope is `begin`, to step index `to`, where the network is evaluated once.
inline noneq::Tensor heun_step(walk& w, const noneq::Tensor& x, const noneq::Tensor& begin, const level& from,
                               std::int64_t to) {
  const double h = w.at(to).angle - from.angle;
  if (h == 0) return x;
  const noneq::Tensor predicted = x + h * begin;
  return x + (0.5 * h) * (begin + angle_slope(w.at(to), predicted, w.predict(predicted, to).x0));
}

}

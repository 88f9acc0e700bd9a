// What was seen of x⁰ through a linear map and Gaussian noise: y = A x + N(0, s²), x in data units. Given x^t, x⁰ has
// mean x̂⁰ and covariance V = (1−ᾱ)/√ᾱ · ∂x̂⁰/∂x^t (Efron 2011; Boys et al. 2023, "Tweedie moment projection"), so that
// r_t(x^t) = N(y; A x̂⁰, A V Aᵀ + s²) and ∇ ln r_t = ∂x̂⁰/∂x^tᵀ Aᵀ (A V Aᵀ + s²)⁻¹ (y − A x̂⁰): exact for Gaussian data.
// V is never written down; the equations are solved by conjugate gradients, with a backward pass a step.
#pragma once

#include "given_rows.hpp"

namespace noneq {

struct observation : guidance {
  normalisation normal;
  Tensor y;  // [n, …] in data units
  double variance;
  std::int64_t most_steps;

  observation(const guided_chunk& chunk, Tensor seen, double deviation, std::int64_t steps)
      : normal(chunk.normal), y(std::move(seen)), variance(deviation * deviation), most_steps(steps) {}

  virtual Tensor map(const Tensor& x) const = 0;         // A x
  virtual Tensor transposed(const Tensor& u) const = 0;  // Aᵀ u

  Tensor gradient(const guided_state& at) const override {
    const Tensor scale = normal.scale.to(at.x0.scalar_type());
    const auto back = [&](const Tensor& u) { return (scale * transposed(u)).to(at.x0.scalar_type()); };
    const auto seen_covariance = [&](const Tensor& u) { return map(scale * at.covariance(back(u))) + variance * u; };
    const Tensor missing = y.to(at.x0.scalar_type()) - map(normal.restore(at.x0));
    return at.pull(back(solved(seen_covariance, missing, most_steps)));
  }

 protected:
  // M⁻¹ b for each sample by itself: one that is done, or for which a network's M is not positive, stays where it is
  // while others go on, so that a sample does not depend on its chunk. A network's M need not be symmetric either, and
  // then the way may lead away from the solution: what counts is the point that was nearest to it.
  template <class Product>
  Tensor solved(const Product& product, const Tensor& b, std::int64_t most) const {
    const auto dot = [](const Tensor& u, const Tensor& v) { return broadcast_like(sum_per_sample(u * v), u); };
    Tensor x = at::zeros_like(b), rest = b, direction = b, length = dot(b, b), nearest = x, least = length;
    const Tensor enough = 1e-10 * length;
    for (std::int64_t step = 0; step < most; ++step) {
      if (!(length > enough).any().item<bool>()) break;
      const Tensor image = product(direction), curvature = dot(direction, image);
      const Tensor goes = (length > enough) & (curvature > 0);
      const Tensor stays = goes.logical_not(), far = (length / curvature).masked_fill(stays, 0);
      x = x + far * direction;
      rest = rest - far * image;
      const Tensor left = dot(rest, rest).masked_fill(stays, 0);
      direction = rest + (left / length).masked_fill(stays, 0) * direction;
      length = left;
      const Tensor nearer = goes & (left < least);
      nearest = at::where(nearer, x, nearest);
      least = at::where(nearer, left, least);
    }
    return nearest;
  }
};

inline constexpr const char* solve_doc =
    "mode exact: most steps of the solver, a backward pass through the network each; it stops when the equations are "
    "solved";

}

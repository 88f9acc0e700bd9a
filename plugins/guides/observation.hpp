// An observation of x⁰ through a linear map and Gaussian noise: y = A x + N(0, s²). In the units of the model and rows
// of length 1 (unit_rows.hpp) it is b = B u + N(0, w²). Given x^t, x⁰ has mean x̂⁰ and covariance V = (1−ᾱ)/√ᾱ ·
// ∂x̂⁰/∂x^t (Efron 2011; Boys et al. 2023, "Tweedie moment projection"), so that r_t(x^t) = N(b; B x̂⁰, B V Bᵀ + w²), and
// x̂⁰ moves by V Bᵀ (B V Bᵀ + w²)⁻¹ (b − B x̂⁰): exact for Gaussian data. V is never written down; the equations are
// solved by conjugate gradients, with a backward pass a step.
//
// The rest that those few steps leave unsolved is solved with V = 1 − ᾱ instead, which needs no network (Song et al.
// 2023, "Pseudoinverse-guided diffusion models"), and the network's V leads away from that by no more than limited()
// allows.
#pragma once

#include "../unit_rows.hpp"
#include "noneq/plugin.hpp"

namespace shipped {

struct observation : noneq::guidance {
  noneq::Tensor b, variance;  // float64 [n, …], and w², broadcastable to it
  std::int64_t most_steps;

  observation(noneq::Tensor seen, noneq::Tensor noise, std::int64_t steps)
      : b(std::move(seen)), variance(std::move(noise)), most_steps(steps) {}

  virtual noneq::Tensor map(const noneq::Tensor& u) const = 0;         // B u
  virtual noneq::Tensor transposed(const noneq::Tensor& r) const = 0;  // Bᵀ r

  noneq::Tensor gradient(const noneq::guided_state& at) const override {
    const auto type = at.x0.scalar_type();
    const noneq::Tensor open = noneq::broadcast_like(at.c.one_minus_alpha_bar.flatten().to(at::kDouble), b);
    const noneq::Tensor open_of_x = noneq::broadcast_like(open.flatten(), at.x0);
    const auto moved = [&](const noneq::Tensor& r) { return at.covariance(transposed(r).to(type)).to(at::kDouble); };
    const auto by_network = [&](const noneq::Tensor& r) { return map(moved(r)) + variance * r; };
    const auto by_noise = [&](const noneq::Tensor& r) { return open * map(transposed(r)) + variance * r; };
    const noneq::Tensor diagonal = open + variance;
    const auto without_network = [&](const noneq::Tensor& r) {
      return open_of_x * transposed(solved(by_noise, diagonal, r, cheap_steps, 1e-14).x);
    };
    const noneq::Tensor missing = b - map(at.x0.to(at::kDouble));
    const solution found = solved(by_network, diagonal, missing, most_steps, 1e-10);
    const noneq::Tensor shift =
        without_network(missing) + at.limited(moved(found.x) - without_network(missing - found.rest));
    return (shift / at.reach()).to(type);
  }

 protected:
  static constexpr std::int64_t cheap_steps = 200;  // where no network is evaluated

  // x, and b − M x.
  struct solution {
    noneq::Tensor x, rest;
  };
  // M⁻¹ b for each sample by itself, preconditioned by a diagonal near M's: one that is done, or for which a network's
  // M is not positive, stays where it is while others go on, so that a sample does not depend on its chunk. A network's
  // M need not be symmetric either, and then the way may lead away from the solution: what counts is the point that was
  // nearest to it.
  template <class Product>
  static solution solved(const Product& product, const noneq::Tensor& diagonal, const noneq::Tensor& b,
                         std::int64_t most, double of_square) {
    const auto dot = [](const noneq::Tensor& u, const noneq::Tensor& v) {
      return noneq::broadcast_like(noneq::sum_per_sample(u * v), u);
    };
    noneq::Tensor x = at::zeros_like(b), rest = b, direction = b / diagonal, length = dot(rest, direction);
    solution nearest{x, rest};
    noneq::Tensor least = length;
    const noneq::Tensor enough = of_square * length;
    for (std::int64_t step = 0; step < most; ++step) {
      if (!(length > enough).any().item<bool>()) break;
      const noneq::Tensor image = product(direction), curvature = dot(direction, image);
      const noneq::Tensor goes = (length > enough) & (curvature > 0);
      const noneq::Tensor stays = goes.logical_not(), far = (length / curvature).masked_fill(stays, 0);
      x = x + far * direction;
      rest = rest - far * image;
      const noneq::Tensor scaled = rest / diagonal, left = dot(rest, scaled).masked_fill(stays, 0);
      direction = scaled + (left / length).masked_fill(stays, 0) * direction;
      length = left;
      const noneq::Tensor nearer = goes & (left < least);
      nearest = {at::where(nearer, x, nearest.x), at::where(nearer, rest, nearest.rest)};
      least = at::where(nearer, left, least);
    }
    return nearest;
  }
};

// The deviations of noise: one, or one for each channel, the first dimension of what was seen.
using deviations = std::vector<double>;
inline constexpr const char* one_a_channel = "; a list: one for each channel";

// As float64 that multiplies rows of `shape`. Throws noneq::error when there are neither one nor as many as channels.
inline noneq::Tensor by_channel(const deviations& s, const noneq::sizes& shape) {
  if (s.size() != 1 && (shape.empty() || static_cast<std::int64_t>(s.size()) != shape[0]))
    throw noneq::error(c10::str("got ", s.size(), " numbers for rows of shape ", noneq::to_string(shape),
                                ", need 1, or ", shape.empty() ? 1 : shape[0], ", one for each channel"),
                       "deviation");
  noneq::sizes each(shape.size() + 1, 1);
  if (s.size() > 1) each[1] = shape[0];
  return at::tensor(s, at::kDouble).view(each);
}

inline constexpr const char* solve_doc =
    "mode exact: most steps of the solver, a backward pass through the network each; it stops when the equations are "
    "solved";

}

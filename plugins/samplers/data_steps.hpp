// Steps of solvers in λ = ln α/σ for networks that predict x̂⁰ (Lu et al. 2022, "DPM-Solver++"): x is carried from one
// level to the next exactly but for the course of x̂⁰ between them, for which a few earlier x̂⁰ stand. Pure, thread-safe.
#pragma once

#include <vector>

#include "walk.hpp"

namespace shipped {

// A prediction x̂⁰ of the network and the λ of its level. They are kept newest first.
struct seen_x0 {
  double lambda;
  noneq::Tensor x0;
};
using seen_x0s = std::vector<seen_x0>;

// The step from one level to a later one.
struct data_step {
  level from, to;
  double h = to.lambda - from.lambda;  // > 0; infinite from a level without signal and to the data
  double gain = -std::expm1(-h);       // 1 − e^{−h}

  // The step as if x̂⁰ stayed what it is: DDIM. Finite at both ends of any schedule.
  noneq::Tensor first_order(const noneq::Tensor& x, const noneq::Tensor& x0) const {
    return (to.sigma / from.sigma) * x + (to.alpha * gain) * x0;
  }
};

// Solvers that remember x̂⁰ take steps between visited levels, the last one to the data (denoise) or, as published code
// did, to t = 1.
struct data_solver : clipped_sampler {
  bool denoise = true;

  // Where the k-th visited step leads; nothing when the walk is there already.
  std::optional<data_step> step(const walk& w, std::int64_t k) const {
    const std::int64_t target = k > 0 ? w.index(k - 1) : denoise ? -1 : 0;
    if (target == w.index(k)) return {};
    return data_step{w.at(w.index(k)), w.at(target)};
  }

  // How far back a step of order `wanted` may look: to no earlier x̂⁰ than there are, and not at all in a step without
  // end, where differences in λ mean nothing.
  static std::size_t usable_order(const data_step& s, std::int64_t wanted, const seen_x0s& seen) {
    return std::isinf(s.h) ? 1 : std::min(static_cast<std::size_t>(wanted), seen.size());
  }

  // Puts the newest x̂⁰ in front and forgets those that no step needs any more. An x̂⁰ from a level without signal has
  // no finite λ, so that no later step can take a difference to it.
  static void remember(seen_x0s& seen, const level& at, const noneq::Tensor& x0, std::size_t most) {
    if (!seen.empty() && std::isinf(seen.front().lambda)) seen.clear();
    seen.insert(seen.begin(), {at.lambda, x0});
    if (seen.size() > most) seen.pop_back();
  }

  template <class P>
  static void describe_end(noneq::description<P>& d) {
    d.param("denoise", &P::denoise,
            "end at t = 0 with the last x̂⁰; false: end at t = 1, as the first published code did, with what noise is "
            "left there");
  }
};

}

// A schedule is the rate at which data turns into noise: β for each of T steps, and ln SNR where time is continuous.
//
// Shapes and units: β is [T], ln SNR has the shape of u; both float64.
// Threads: const functions may be called concurrently. state(), and the changes an optimizer makes to learnable(), take
//   place while no other thread uses the schedule.
// Requires: β in (0, 1]; ln SNR falls. Both are differentiable in learnable().
// Errors: noneq::error for parameters without a schedule, thrown before training begins.
#pragma once

#include "noneq/plugin/description.hpp"

namespace noneq {

struct learnable_tensor {
  std::string name;
  Tensor leaf;  // requires a gradient
  // Whether training minimises the variance of the loss estimate in it instead of the loss (Kingma et al. 2021, §4.1).
  bool by_variance = false;
};

struct schedule : role<"schedule"> {
  step_count steps;

  // Returns β_1..β_T.
  virtual Tensor beta() const = 0;
  // Returns ln SNR at times u in [0, 1], from the first step to the last. Called only when time is continuous, and then
  // instead of beta().
  virtual Tensor log_snr_at(const Tensor& /*u*/) const {
    throw error(
        "got continuous, need a number: this schedule knows whole steps only; log_snr, learned_snr, cosine, "
        "linear and rectified know more",
        "steps");
  }
  // Returns the tensors that training may change. The leaves are shared, not copied.
  virtual std::vector<learnable_tensor> learnable() const { return {}; }

  // Returns whether β_1 is learned. K grows without limit as β_1 → 0, so that it cannot train such a schedule.
  virtual bool learns_beta_1() const { return false; }

  // Restores in place, because an optimizer may already hold the leaves. Throws noneq::error for a stored tensor of
  // another shape.
  void state(const state_visitor& visit) override {
    for (const learnable_tensor& l : learnable()) {
      Tensor seen = l.leaf;
      visit(l.name, seen);
      if (seen.is_same(l.leaf)) continue;
      if (seen.sizes() != l.leaf.sizes())
        throw error("got a stored schedule whose '" + l.name + "' has shape " + to_string(seen.sizes().vec()) +
                    ", need " + to_string(l.leaf.sizes().vec()));
      at::NoGradGuard values_only;
      l.leaf.copy_(seen);
    }
  }

  template <class P>
  static void common(description<P>& d) {
    d.param("steps", &P::steps, "number of diffusion steps T; continuous: t may be anything between 1000 of them",
            at_least(2), at_most(1e6));
  }
};

}

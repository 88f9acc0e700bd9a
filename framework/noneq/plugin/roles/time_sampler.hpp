// A time sampler draws the steps t at which a training batch is noised.
//
// Shapes and units: t is a step index t − 1, [B]; weights have no unit.
// Threads: draw() is called ahead of the model and may be called concurrently, unless the sampler is adaptive: then
//   draw() and update() are called in turn, one call at a time.
// Requires: row k should not depend on B.
// Errors: draw() throws noneq::error when the sampler cannot draw for this process; it is tried once before anything
//   runs.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq {

struct drawn_times {
  // [B]: the step index t − 1, int64 in 0..T−1; where time is continuous float64 in [0, T−1].
  Tensor index;
  // float32 [B]: the factor of each sample's loss. 1/(T·p(index)), where p is the probability of the index (in
  // continuous time its density), makes the mean of weight·f(t) an unbiased mean of f over uniform t, which is the
  // objective of losses. A sampler whose distribution is part of the objective returns other weights, and its table
  // states that.
  Tensor weight;
};

struct time_sampler : role<"time_sampler"> {
  // Draws B times for p.steps() = T steps, or, where p.tables.continuous(), anywhere between the first and the last.
  // With a learned schedule the tables of p are those that training began with.
  virtual drawn_times draw(std::int64_t B, const process& p, const stream& s) const = 0;
  // Returns whether draws depend on the losses of earlier steps. The noiser then waits for each step to finish.
  virtual bool adaptive() const { return false; }
  // Called after each step with the unweighted losses [B] of its samples at index [B].
  virtual void update(const Tensor& /*index*/, const Tensor& /*losses*/) {}
};

}

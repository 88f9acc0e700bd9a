// Which steps t a training batch looks at. draw() is called ahead of the model by several threads at once, unless the
// sampler is adaptive: then draw() and update() take turns on one thread at a time.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq {

struct drawn_times {
  // [B]: the step index t − 1, int64 in 0..T−1; where time is continuous float64 in [0, T−1].
  Tensor index;
  // float32 [B]: the factor of each sample's loss. 1/(T·p(index)), where p is the probability of the index (in
  // continuous time its density), makes the mean of weight·f(t) an unbiased mean of f over uniform t, which is what
  // losses are made for. A sampler whose distribution is part of the objective returns other weights, and its table
  // states that.
  Tensor weight;
};

struct time_sampler : role<"time_sampler"> {
  // Draws B times for p.steps() = T steps, or, where p.tables.continuous(), anywhere between the first and the last.
  // Row k should not depend on B. With a learned schedule the tables of p are those that training began with.
  // Throws noneq::error when it cannot draw for this process; this is tried once before anything runs.
  virtual drawn_times draw(std::int64_t B, const process& p, const stream& s) const = 0;
  // Whether draws depend on the losses of earlier steps. The noiser then waits for each step to finish.
  virtual bool adaptive() const { return false; }
  // Called after each step with the unweighted losses [B] of its samples at index [B].
  virtual void update(const Tensor& /*index*/, const Tensor& /*losses*/) {}
};

}

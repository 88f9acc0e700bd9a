// Which steps t a training batch looks at.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct drawn_times {
  Tensor index;   // t − 1, int64 [B]; float64 where time is continuous
  Tensor weight;  // 1/(T·p_t), float32 [B]: makes the mean of weight·f(t) an unbiased mean over t = 1..T
};

struct time_sampler : role<"time_sampler"> {
  virtual drawn_times draw(std::int64_t B, std::int64_t T, const stream& s) const = 0;
  // Uniform numbers in [0, 1) as float64 [B], for continuous time.
  virtual Tensor draw_unit(std::int64_t /*B*/, const stream&) const {
    throw error("draws whole steps only, need uniform or antithetic where time is continuous", "time");
  }
  // True when draws depend on losses seen so far; the noiser then waits for each step to finish.
  virtual bool adaptive() const { return false; }
  // After each step: unweighted per-sample losses [B] at index [B].
  virtual void update(const Tensor& /*index*/, const Tensor& /*losses*/) {}
};

}

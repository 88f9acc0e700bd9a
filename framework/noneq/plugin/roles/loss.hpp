// A loss is the function of a network's output that training minimises.
//
// Shapes and units: one number per sample, [B] of a floating dtype, in the unit that unit() names.
// Threads: a loss is const once it is configured; run() may be called concurrently, once for each shard of a batch.
// Requires: the result is differentiable in `output`, and in the tables of the process where trains_schedule() is true.
// Errors: check_process() throws noneq::error before training begins; what run() throws ends the run.
#pragma once

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq {

struct loss : role<"loss", node_kind::transform> {
  // Returns the loss of each sample, whose mean over uniform t = 1..T is the objective. The framework multiplies it by
  // the batch's `weight`.
  virtual Tensor run(const batch& b, const process& p) const = 0;
  // Returns the name of the unit for records and figures, for example "nats"; "" when there is none.
  virtual const char* unit() const = 0;
  // Throws noneq::error when the loss has no meaning for this process. Called when a pipeline is checked.
  virtual void check_process(const process&) const {}
  // Returns whether the loss counts only numbers that were observed: those where the tensor `mask` of the batch is 1.
  virtual bool takes_missing() const { return false; }
  // Returns whether the loss can train a learned schedule.
  virtual bool trains_schedule() const { return false; }

  template <class P>
  static void common(description<P>& d) {
    d.reads("output", "float32 [B, outputs·C, …]").reads("x0", "float32 [B, …]").reads("xt", "float32 [B, …]");
    d.reads("t", "int64 [B]").writes("loss", "float32 [B]");
  }
};

}

// What training makes small.
#pragma once

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq {

struct loss : role<"loss", node_kind::transform> {
  // Per-sample loss [B] whose mean over uniform t = 1..T is the objective; the framework applies the batch's `weight`.
  virtual Tensor run(const batch& b, const process& p) const = 0;
  virtual const char* unit() const = 0;
  // Throws noneq::error when it has no meaning for this process. Called when a pipeline is checked.
  virtual void check_process(const process&) const {}
  // Whether a learned schedule can be trained by it.
  virtual bool trains_schedule() const { return false; }

  template <class P>
  static void common(description<P>& d) {
    d.reads("output", "float32 [B, outputs·C, …]").reads("x0", "float32 [B, …]").reads("xt", "float32 [B, …]");
    d.reads("t", "int64 [B]").writes("loss", "float32 [B]");
  }
};

}

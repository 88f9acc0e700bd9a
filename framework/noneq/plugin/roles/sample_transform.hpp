// A node behind a sampler that makes other tensors of its samples, such as the mean of the members of an ensemble. It
// is named transform, like the nodes of a branch, but no data is opened, learned from or normalised by it.
//
// Shapes and units: run() receives `samples` [n, K, …], K members a row, or [n, …], in data units, and returns tensors
//   of n rows, in data units too. `label` and `row` go on; samples and frames do not.
// Threads: const, a pure function of each row, and may be called concurrently.
// Requires: a sampler before it; describe() declares each tensor that run() may return by writes(). Errors:
// noneq::error.
#pragma once

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct sample_transform : role<"transform", node_kind::transform> {
  virtual batch run(const batch& b) const = 0;
  // Returns the names of the tensors that run() returns with these parameters.
  virtual std::vector<std::string> makes() const = 0;
  // Throws noneq::error when this number of members is too small; 0: samples are [n, …], without an axis of members.
  // Called when a pipeline is checked.
  virtual void check_members(std::int64_t /*members*/) const {}

  template <class P>
  static void common(description<P>& d) {
    d.reads("samples", "[n, K, …], in data units");
  }
};

}

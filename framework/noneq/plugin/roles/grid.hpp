// A grid chooses the steps of a schedule that a sampler visits.
//
// Shapes and units: a step is its index i = t − 1 in 0..T−1.
// Threads: a grid is const once it is configured and may be called concurrently.
// Requires: as many different indices as requested, ascending.
// Errors: indices() throws noneq::error when it has no such choice.
#pragma once

#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct grid : role<"grid"> {
  // Returns the number of steps to visit when a sampler's `steps` is 0.
  virtual std::int64_t usual_count(std::int64_t T) const { return T; }
  // Returns `count` (1 … T) indices of a schedule with these tables.
  virtual std::vector<std::int64_t> indices(std::int64_t count, const tables& t) const = 0;
};

}

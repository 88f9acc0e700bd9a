// A weighting is a weight w(t) on ‖ε − ε̂‖² in the simple loss (Ho et al. 2020, eq. 14, where it is 1).
//
// Shapes and units: [B, 1, …], broadcastable to x, without unit. Threads: weight() is const and pure and may be called
// concurrently. Requires: finite weights; the framework checks this at the first, middle and last step.
#pragma once

#include "noneq/diffusion/coefficients.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct weighting : role<"weighting"> {
  virtual Tensor weight(const coefficients& c) const = 0;
};

}

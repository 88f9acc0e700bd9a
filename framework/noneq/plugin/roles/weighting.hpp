// A weight w(t) on ‖ε − ε̂‖² in the simple loss.
#pragma once

#include "noneq/diffusion/coefficients.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct weighting : role<"weighting"> {
  virtual Tensor weight(const coefficients& c) const = 0;  // [B, 1, …]
};

}

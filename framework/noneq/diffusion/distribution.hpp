// A distribution over states of one location family, which kernels, models and samplers exchange.
// A value, thread-safe.
#pragma once

#include "noneq/core/tensor.hpp"

namespace noneq {

// Gaussian: the mean [B, …] and ln σ² per dimension, broadcastable to it.
// Bernoulli: the logit [B, …]; log_variance stays undefined.
struct distribution {
  Tensor location;
  Tensor log_variance;
};

}

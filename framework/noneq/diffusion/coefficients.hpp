// The schedule's tables at each sample's own t, shaped to multiply a batch.
// Values (views of one gathered tensor), thread-safe; autograd passes to the tables.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/tables.hpp"

namespace noneq {

// The values are [B, 1, …, 1] of x's dtype.
struct coefficients : step_values {
  Tensor index;  // int64 [B], i = t − 1, or float64 where time is continuous
};

// Returns the coefficients at index (int64 [B], each in 0..T−1; float64 between them where time is continuous) for x
// [B, …] of floating dtype, by one gather and one cast from float64. Called once a step; an index out of range is
// libtorch's error.
coefficients coefficients_at(const tables& t, const Tensor& index, const Tensor& x);

}

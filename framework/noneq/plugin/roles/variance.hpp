// A variance is ln Σ of the reverse distribution p(x^{t−1}|x^t), for kernels that have one.
//
// Shapes and units: ln Σ is broadcastable to x [B, …].
// Threads: every function is const and pure and may be called concurrently.
// Requires: the result is differentiable in all tensors.
// Source: Ho et al. 2020, §3.2; learned: Nichol & Dhariwal 2021, §3.1.
#pragma once

#include "noneq/diffusion/coefficients.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct variance : role<"variance"> {
  // Returns the number of network outputs per dimension of x: 0 for a fixed variance.
  virtual std::int64_t outputs() const = 0;
  // Returns ln Σ from `raw`, the network's second output (undefined when outputs() is 0), for a schedule of T steps.
  virtual Tensor log_variance(const Tensor& raw, const coefficients& c, std::int64_t T) const = 0;
};

}

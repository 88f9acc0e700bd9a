// ln Σ of the reverse distribution, for kernels that have a variance.
#pragma once

#include "noneq/diffusion/coefficients.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct variance : role<"variance"> {
  // Network outputs per dimension of x: 0 for a fixed variance.
  virtual std::int64_t outputs() const = 0;
  // raw: the network's second output (undefined when outputs() is 0); T: number of steps. Broadcastable to x.
  virtual Tensor log_variance(const Tensor& raw, const coefficients& c, std::int64_t T) const = 0;
};

}

// The compiled execution of a network: static plans on oneDNN and vectorised kernels, one for each batch size in use.
// Values and gradients agree with the reference execution within the rounding of the chosen precision. Works within
// libtorch's autograd as one function of the weights (no gradient reaches x). Each call runs on the thread that makes
// it; calls may be concurrent, each with memory of its own.
#pragma once

#include <memory>
#include <span>

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/core/random.hpp"

namespace noneq::compute {

// Returns the feature of a network that the compiled execution lacks, in words; "" when it has all.
std::string not_compilable(const network_layers& n);

class compiled_network {
 public:
  compiled_network(network_layers n, precision of);
  ~compiled_network();

  // Returns the output. x: float32 [B, channels, height, width] of value 0; t (int64 or float64) and label (int64) [B],
  // undefined where nothing reads them; weights: float32, contiguous, in the order of the description; dropout and
  // first as in layers_input. Throws noneq::error for a label or t out of range.
  Tensor forward(const Tensor& x, const Tensor& t, const Tensor& label, std::span<const Tensor> weights,
                 const stream* dropout = nullptr, std::int64_t first = 0);

  struct implementation;

 private:
  std::shared_ptr<implementation> self_;
};

}

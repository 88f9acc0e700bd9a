// The compiled execution of a network: static plans on oneDNN and vectorised kernels, one for each batch size in use.
// Values and gradients agree with the reference execution within the rounding of the chosen precision. Works within
// libtorch's autograd as one function of the weights (no gradient reaches the input). Each call runs on the thread that
// makes it; calls may be concurrent, each with memory of its own.
#pragma once

#include <memory>
#include <span>

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/compute/reference.hpp"

namespace noneq::compute {

// Returns the feature of a network that the compiled execution lacks, in words; "" when it has all.
std::string not_compilable(const network_layers& n);

class compiled_network {
 public:
  compiled_network(network_layers n, precision of);
  ~compiled_network();

  // Returns the output. The input has the numbers of run_reference(); weights: float32, contiguous, in the order of the
  // description. Throws as run_reference() does.
  Tensor forward(const layers_input& in, std::span<const Tensor> weights);

  struct implementation;

 private:
  std::shared_ptr<implementation> self_;
};

}

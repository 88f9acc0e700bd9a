// One network, run by the fastest execution that can serve a call: `compiled`, or `reference`, which serves all calls,
// also gradients with respect to x and the vector, and weights in float64. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "noneq/compute/compiled.hpp"
#include "noneq/compute/reference.hpp"

namespace noneq::compute {

struct execution_choice {
  std::string execution = "auto";  // or reference, compiled
  std::string precision = "auto";  // or fp32, bf16: of the compiled execution; the other keeps the weights' type

  // Throws noneq::error when it has no meaning for a network. `net` may be any of the networks to run.
  void check_execution(const network_layers& net) const;
};

class executed_network {
 public:
  // Throws as check_execution() does.
  executed_network(network_layers net, const execution_choice& how);

  const network_layers& layers() const { return net_; }

  // Returns the output, as run_reference() does.
  Tensor forward(std::span<const Tensor> weights, const layers_input& in);

 private:
  network_layers net_;
  std::unique_ptr<compiled_network> compiled_;  // null: never used
};

}

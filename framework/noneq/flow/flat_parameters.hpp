// The parameters of a network as few long vectors, one for each type of number, so that operations on every number by
// itself (the optimizer, averages, sums of gradients) are one pass instead of one for each tensor. Each parameter
// becomes a view into its vector: writing to one changes the other. One thread changes it; const use is thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "noneq/core/tensor.hpp"

namespace noneq {
struct network;
}

namespace noneq::flow {

class flat_parameters {
 public:
  // Moves the network's parameters; their tensors stay the ones the network holds.
  explicit flat_parameters(std::shared_ptr<noneq::network> n);

  noneq::network& network() const { return *network_; }
  const std::shared_ptr<noneq::network>& shared() const { return network_; }

  const std::vector<Tensor>& parameters() const { return parameters_; }  // as the network has them
  const std::vector<Tensor>& vectors() const { return vectors_; }        // [n] each; none for a network without any
  std::int64_t count() const;                                            // numbers in all
  const std::vector<Tensor>& buffers() const { return buffers_; }        // of the network, where they are

  // Returns the part of these vectors, which are like its own, that belongs to each parameter, under its name.
  std::map<std::string, Tensor> named(const std::vector<Tensor>& vectors) const;

  // Returns one tensor for each parameter, in their order, as vectors; undefined tensors count as zeros. Not copied
  // where the tensors lie in memory as the vector would.
  std::vector<Tensor> flat(const std::vector<Tensor>& of_parameters) const;

 private:
  // Returns them unchanged but flattened, by vector.
  std::vector<std::vector<Tensor>> grouped(const std::vector<Tensor>& of_parameters) const;

  std::shared_ptr<noneq::network> network_;
  std::vector<Tensor> parameters_, vectors_, buffers_;
  std::vector<std::size_t> home_;  // by parameter: its vector
};

}

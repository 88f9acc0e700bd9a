// The place of every value and gradient of a plan, and the layers that write or add to each gradient. Layer i of L
// works at moment i, and backward at moment 2L − 1 − i. For one thread.
#pragma once

#include "noneq/compute/detail/flow_of_values.hpp"
#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {

class placement {
 public:
  placement(const network_layers& n, const flow_of_values& f, std::size_t batch, precision of, bool training,
            arena_plan& buffers);

  int forward_moment(int layer) const { return layer; }
  int backward_moment(int layer) const { return 2 * static_cast<int>(n_.layers.size()) - 1 - layer; }

  // Returns a value as `layer` reads or writes it.
  operand seen_by(int layer, value_id v) const;
  operand output() const { return base(n_.output); }
  // Returns the gradients of vectors, buffers and bytes: all their readers add to them, so the plan clears them first.
  const std::vector<std::pair<buffer_id, std::size_t>>& vector_gradients() const { return vector_gradients_; }

 private:
  struct home {
    precision of, gradient_of;
    buffer_id value = none, gradient = none;
    int first_writer = none;  // of the gradient: the layer that does not add
  };
  operand base(value_id v) const;
  bool doubled(value_id v) const;
  std::size_t bytes(value_id v, precision of) const;
  void place_values();
  void place_gradients();
  void place_gradients_of(int layer);
  bool share(value_id v, const add_layer& l, int layer);
  // Returns the inputs of a layer once fused sums are left out.
  std::vector<value_id> inputs(int layer) const;

  const network_layers& n_;
  const flow_of_values& f_;
  const std::size_t batch_;
  const precision of_;
  const bool training_;
  arena_plan& buffers_;
  std::vector<home> homes_;
  std::vector<std::pair<buffer_id, std::size_t>> vector_gradients_;
};

}

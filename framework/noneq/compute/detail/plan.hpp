// A network laid out for one batch size: its nodes in running order and the place of every value, gradient and
// intermediate in one arena. Serves one thread at a time.
#pragma once

#include <optional>

#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {

// Returns the feature of a network that the compiled execution lacks, in words; "" when it has all.
std::string not_compilable(const network_layers& n);

class compiled_plan {
 public:
  compiled_plan(const network_layers& n, std::int64_t batch, precision of, bool training, packed_weights& weights);

  // Returns the output, laid out as x: float32 [batch, channels, height, width]. dropout: the noise of dropout layers,
  // where there are any; first: index of the first sample within it.
  Tensor forward(const Tensor& x, const known& beside, const std::vector<Tensor>& weights,
                 const stream* dropout = nullptr, std::int64_t first = 0);
  // Called after forward(), with the same numbers beside x and the same weights. Returns the gradients of the weights
  // from that of the output, one after another in memory, and reports each to the thread's gradient_listener.
  std::vector<Tensor> backward(const Tensor& gradient, const known& beside, const std::vector<Tensor>& weights);

  std::size_t bytes() const { return memory_->bytes(); }  // that the plan holds

 private:
  running run(const known& beside, const std::vector<Tensor>& weights, const stream* dropout, std::int64_t first);

  std::vector<Tensor> room_for_gradients(const std::vector<Tensor>& weights);

  std::int64_t batch_;
  bool training_;
  operand input_, output_;
  std::vector<std::pair<buffer_id, std::size_t>> vector_gradients_;  // and their bytes: sums that start at 0
  std::vector<std::unique_ptr<node>> nodes_;
  std::vector<std::vector<weight_id>> weights_;  // by node
  std::vector<std::size_t> offsets_;
  Tensor gradient_memory_;
  std::vector<float*> gradients_;
  std::size_t scratch_ = 0;
  std::optional<arena> memory_;
  std::size_t scratch_offset_ = 0;
};

}

// The trainer's optimizer on long vectors: one of libtorch's optimizers for each piece, all of them stepping in
// parallel out of their core's cache. Valid for optimizers that treat every number by itself, as a trainer's must; the
// norm of the gradient, which the pieces share, is computed here. One thread calls it.
#pragma once

#include <memory>

#include "noneq/plugin/roles/trainer.hpp"

namespace noneq::flow {

class pieced_optimizer {
 public:
  // vectors: the tensors to change, in place; those of one dimension are cut. Each keeps its position in the state.
  pieced_optimizer(const trainer& t, const std::vector<Tensor>& vectors);

  // Takes the sum of the shards' gradients, in their order; each holds one tensor for each vector, undefined ones count
  // as zeros. Returns false when the sum is not finite.
  bool gather(const std::vector<const std::vector<Tensor>*>& shards);
  double gradient_norm() const;  // L2, of the gathered sum

  // Moves vector k at rate(k) by the gathered sum times `scale`.
  void step(double scale, const std::function<double(std::size_t k)>& rate);

  // Visits the optimizer's state as "<position>.<name>", for whole vectors.
  void state(const state_visitor& visit);

 private:
  struct piece {
    std::size_t vector;
    std::int64_t first, numbers;  // of the vector
    bool whole;                   // it is all of the vector, whatever its dimensions
    Tensor weights;
    std::unique_ptr<torch::optim::Optimizer> moves;
    double squares = 0;  // of the gradient
    bool finite = true;

    Tensor part_of(const Tensor& t) const { return whole ? t : t.narrow(0, first, numbers); }
  };

  const trainer& trainer_;
  std::size_t vectors_;
  std::vector<piece> pieces_;
};

}

// The trainer's optimizer on long vectors: one of libtorch's optimizers for each piece, all of them stepping in
// parallel out of their core's cache. Valid for optimizers that treat every number by itself, as a trainer's must; the
// norm of the gradient, which the pieces share, is computed here. Where several ranks train together, each owns a run
// of pieces: it receives the other ranks' sums for them, steps them, and gives their weights to all, so that on the
// wire are as many bytes as a sum over a ring would take. One thread calls it; with several ranks gather() and step()
// are collective.
#pragma once

#include <memory>

#include "noneq/flow/gradient_sums.hpp"
#include "noneq/plugin/roles/trainer.hpp"

namespace noneq::flow {

class pieced_optimizer {
 public:
  // vectors: the tensors to change, in place; those of one dimension are cut. Each keeps its position in the state.
  pieced_optimizer(const trainer& t, const std::vector<Tensor>& vectors, const ranks& r = alone());

  // Returns the sums that gather() takes, for the backward passes to report to.
  gradient_sums& sums() { return *sums_; }
  const gradient_sums& sums() const { return *sums_; }

  // Takes the sum of the shards' gradients, in the order of the tree; each holds one tensor for each vector, undefined
  // ones count as zeros, as does an empty vector of tensors. Those of other ranks' blocks are not read. Returns false
  // when the sum is not finite.
  bool gather(const gradients_by_shard& shards);
  double gradient_norm() const;  // L2, of the gathered sum over all ranks

  // Moves vector k at rate(k) by the gathered sum times `scale`.
  void step(double scale, const std::function<double(std::size_t k)>& rate);

  // Returns the part of vector k that this rank owns.
  number_range own_part(std::size_t k) const;
  // Gives the parts of vectors, which are like the first of those to change, from their owners to all ranks.
  // Collective.
  void share(const std::vector<Tensor>& vectors) const;
  // Gives the state of each piece, which its owner alone has moved, to all ranks. Collective.
  void share_state();
  // Visits the optimizer's state as "<position>.<name>", for whole vectors.
  void state(const state_visitor& visit);

 private:
  struct piece : vector_piece {
    Tensor weights;
    std::unique_ptr<torch::optim::Optimizer> moves;
    double squares = 0;  // of the gradient
    bool finite = true;
  };

  void take(piece& p, const Tensor& sum) const;
  void need_shareable() const;
  void share_norms();
  int owner_of(std::size_t piece) const;

  const trainer& trainer_;
  const ranks& ranks_;
  std::vector<Tensor> vectors_;
  std::vector<piece> pieces_;
  std::vector<std::size_t> begins_;  // by rank: the first of its pieces; then their number
  std::optional<gradient_sums> sums_;
};

}

// The trainer's optimizer on long vectors: one of libtorch's optimizers for each piece, all of them stepping in
// parallel out of their core's cache. Valid for optimizers that treat every number by itself, as a trainer's must; the
// norm of the gradient, which the pieces share, is computed here. Where several ranks train together, each owns a run
// of pieces: it receives the other ranks' sums for them, steps them, and gives their weights to all, so that on the
// wire are as many bytes as a sum over a ring would take. Sums of the first vector travel while the gradients of others
// are computed, where the backward pass reports them. One thread calls it; with several ranks begin_step(), gather()
// and step() are collective.
#pragma once

#include <memory>

#include "noneq/flow/gradient_watch.hpp"
#include "noneq/flow/piece_exchange.hpp"
#include "noneq/plugin/roles/trainer.hpp"

namespace noneq::flow {

class pieced_optimizer {
 public:
  // vectors: the tensors to change, in place; those of one dimension are cut. Each keeps its position in the state.
  pieced_optimizer(const trainer& t, const std::vector<Tensor>& vectors, const ranks& r = alone());

  // Begins a step in which these shards, of all, have rows. Without it gather() takes longer on several ranks.
  void begin_step(const std::vector<bool>& with_rows);
  // Returns the listener for the backward pass of a shard; null where nothing is to be reported. The passes may be
  // concurrent, and must have ended before gather().
  gradient_listener* listener(std::int64_t shard) const;

  // Takes the sum of the shards' gradients, in the order of the tree; each holds one tensor for each vector, undefined
  // ones count as zeros, as does an empty vector of tensors. Those of other ranks' blocks are not read. Returns false
  // when the sum is not finite.
  bool gather(const std::vector<const std::vector<Tensor>*>& shards);
  double gradient_norm() const;  // L2, of the gathered sum over all ranks

  // Moves vector k at rate(k) by the gathered sum times `scale`.
  void step(double scale, const std::function<double(std::size_t k)>& rate);

  // Gives the state of each piece, which its owner alone has moved, to all ranks. Collective.
  void share_state();
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

  class given_gradients;

  void sum_own(const std::vector<const std::vector<Tensor>*>& shards);
  void sum_with_others(const std::vector<const std::vector<Tensor>*>& shards);
  void prepare_exchanges(std::int64_t shards);
  void send_known(std::size_t piece);
  void finish_early(const std::vector<const std::vector<Tensor>*>& shards);
  void take(piece& p, const Tensor& sum) const;
  void need_shareable() const;
  void share_norms();
  void share_weights();
  int owner_of(std::size_t piece) const;

  const trainer& trainer_;
  const ranks& ranks_;
  std::vector<Tensor> vectors_;
  std::vector<piece> pieces_;
  std::vector<std::size_t> begins_;  // by rank: the first of its pieces; then their number

  // On several ranks: of the pieces of the first vector, whose gradient is watched, and of all others.
  std::optional<piece_exchange> watched_, others_;
  std::size_t watched_pieces_ = 0;
  std::optional<gradient_watch> watch_;
  // Whether sums are sent when they are known: from the second step on, if in the first one, and ever since, what the
  // passes reported was their gradient on all ranks.
  enum class sending { untried, early, late } sending_ = sending::untried;
  bool begun_ = false;  // watched_, in this step
  std::vector<bool> with_rows_;
  std::vector<char> sent_;  // by watched piece
};

}

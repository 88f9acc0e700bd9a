// The sums of the gradients of all shards, for pieces of the trained vectors, each of which one rank owns. Where
// several ranks train together, sums of the first vector travel while the gradients of others are computed, if the
// backward passes report them. One thread calls it.
#pragma once

#include <memory>
#include <optional>

#include "noneq/flow/gradient_watch.hpp"
#include "noneq/flow/piece_exchange.hpp"

namespace noneq::flow {

// The gradients of a step by shard: one tensor for each vector, undefined ones count as zeros, as does an empty vector
// of tensors.
using gradients_by_shard = std::vector<const std::vector<Tensor>*>;

class gradient_sums {
 public:
  // pieces: in the order of the vectors; owners: the rank of each.
  gradient_sums(const ranks& r, const std::vector<Tensor>& vectors, std::vector<vector_piece> pieces,
                std::vector<int> owners);

  // Begins a step in which these shards, of all, have rows. Without it exchange() takes longer. Collective.
  void begin_step(const std::vector<bool>& with_rows);
  // Returns the listener for the backward pass of a shard; null where nothing is to be reported. The passes may be
  // concurrent, and must have ended before exchange().
  gradient_listener* listener(std::int64_t shard) const;

  // Exchanges the sums of the ranks. The gradients of other ranks' shards are not read. Collective.
  void exchange(const gradients_by_shard& shards);
  // Returns the sum over all shards of a piece of this rank, in the order of the tree, of the gradients that were
  // exchanged; undefined where there is none. May be called concurrently.
  Tensor sum(std::size_t piece, const gradients_by_shard& shards) const;

 private:
  class given_gradients;

  void prepare_exchanges(std::int64_t shards);
  void send_known(std::size_t piece);
  void finish_early(const gradients_by_shard& shards);

  const ranks& ranks_;
  const std::vector<Tensor> vectors_;
  const std::vector<vector_piece> pieces_;
  const std::vector<int> owners_;

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
  std::shared_ptr<const given_gradients> given_;
};

}

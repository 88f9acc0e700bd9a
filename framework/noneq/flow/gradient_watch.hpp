// The gradients of one trained vector, as the backward passes of this rank's shards report them: a piece of the vector
// is known as soon as every shard has found all of its part, which may be long before the passes have ended.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "noneq/core/gradient_listener.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/flow/shard_tree.hpp"

namespace noneq::flow {

class gradient_watch {
 public:
  // vector: float32 of one dimension, whose parts the weights are; own: the shards of this rank.
  gradient_watch(const Tensor& vector, std::vector<number_range> pieces, const shard_block& own);

  // Begins a step in which these shards, of all, have rows. Calls known(i), on the threads of the passes, once for each
  // piece that becomes known, and found() after each report of a weight; both may be empty.
  void begin(const std::vector<bool>& with_rows, std::function<void(std::size_t piece)> known,
             std::function<void()> found);
  // Returns the listener for the one backward pass of a shard; null for those of other ranks, or without rows.
  gradient_listener* of_shard(std::int64_t shard) const;
  // Returns the part of a shard's gradient that belongs to a known piece.
  Tensor gradient(std::int64_t shard, std::size_t piece) const;
  // Returns whether all of the shard's gradient was reported, and was this one: other passes, or uses of the weights
  // beside the network, would have added to it since.
  bool holds(std::int64_t shard, const Tensor& gradient) const;

 private:
  class shard;
  shard& at(std::int64_t s) const { return *shards_[static_cast<std::size_t>(s - own_.first)]; }

  const Tensor vector_;
  const std::vector<number_range> pieces_;
  const shard_block own_;
  std::vector<std::shared_ptr<shard>> shards_;
  std::vector<std::atomic<std::int64_t>> left_;  // by piece: the shards that have not found it
  std::vector<bool> with_rows_;
  std::function<void(std::size_t)> known_;
  std::function<void()> found_;
};

}

// The order in which the gradients of shards are summed: a binary tree over their numbers, whose left half is the
// largest power of two below the whole. It is fixed by the number of shards, so that the sum has equal bits however
// many ranks hold them: each adds up the nodes of the tree that lie within its block. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::flow {

struct shard_block {  // [first, last)
  std::int64_t first, last;
  std::int64_t size() const { return last - first; }
  bool operator==(const shard_block&) const = default;
};

// The shards of one of so many ranks, neighbours.
inline shard_block block_of(std::int64_t rank, std::int64_t ranks, std::int64_t shards) {
  return {rank * shards / ranks, (rank + 1) * shards / ranks};
}

// Returns where the block of each rank begins in an array of so many words for each shard, and at last where it ends.
inline std::vector<std::int64_t> begins_of(std::int64_t ranks, std::int64_t shards, std::int64_t words) {
  std::vector<std::int64_t> begins;
  for (std::int64_t r = 0; r <= ranks; ++r) begins.push_back(block_of(r, ranks, shards).first * words);
  return begins;
}

inline std::int64_t middle_of(const shard_block& b) {
  return b.first + static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(b.size() - 1)));
}

// Adds the largest nodes of the tree `whole` that lie within the block, in order.
inline void nodes_within(const shard_block& block, const shard_block& whole, std::vector<shard_block>& nodes) {
  if (whole.first >= block.last || whole.last <= block.first) return;
  if (whole.first >= block.first && whole.last <= block.last) return nodes.push_back(whole);
  const std::int64_t middle = middle_of(whole);
  nodes_within(block, {whole.first, middle}, nodes);
  nodes_within(block, {middle, whole.last}, nodes);
}

// Returns the sum over a node. known(node) returns its tensor where the node is known, undefined for nothing to add, or
// none where its halves are to be summed; shards by themselves are always known.
template <class Known>
Tensor tree_sum(const shard_block& node, const Known& known) {
  if (const std::optional<Tensor> there = known(node)) return *there;
  const std::int64_t middle = middle_of(node);
  const Tensor left = tree_sum({node.first, middle}, known), right = tree_sum({middle, node.last}, known);
  if (!left.defined() || !right.defined()) return left.defined() ? left : right;
  return left + right;
}

}

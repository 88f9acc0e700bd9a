// The exchange of a step's gradient between ranks. The trained numbers are cut into pieces, each of which one rank
// owns; it receives from every other rank the sums over that rank's nodes of the tree of shards (shard_tree.hpp), and
// adds them up. A piece can be sent as soon as its gradient is known, while others are still computed.
#pragma once

#include <functional>
#include <mutex>

#include "noneq/core/ranks.hpp"
#include "noneq/flow/shard_tree.hpp"

namespace noneq::flow {

class piece_exchange {
 public:
  struct piece {
    int tag;  // equal on all ranks, and another one for each piece of all exchanges
    int owner;
    std::size_t vector;
    Tensor weights;
  };
  piece_exchange(const ranks& r, std::int64_t shards, std::vector<piece> pieces);

  // Begins to receive the pieces of this rank. given(node, vector): whether a shard of the node has a gradient for the
  // vector; every rank gives an equal answer, and no other until the last sum() of the step.
  using giving = std::function<bool(const shard_block& node, std::size_t vector)>;
  void begin(giving given);
  // Sends piece i to its owner, where that is another rank. sum(node) returns the sum of the gradients of its shards.
  // Called once for each piece; may be called concurrently.
  using summing = std::function<Tensor(const shard_block& node)>;
  void send(std::size_t i, const summing& sum);
  // Moves messages on, for which the library may need a thread of the process; returns at once where another thread
  // does so.
  void progress();
  // Returns when all is sent and received.
  void finish();
  // Returns the sum over all shards of a piece of this rank, in the order of the tree, where sum(node) returns those of
  // its own nodes; undefined where no shard has a gradient. May be called concurrently.
  Tensor sum(std::size_t i, const summing& sum) const;

 private:
  std::int64_t sums_of(std::size_t rank, const piece& p) const;

  const ranks& ranks_;
  const shard_block whole_;
  std::vector<piece> pieces_;
  std::vector<std::vector<shard_block>> nodes_;  // by rank
  giving given_;
  std::vector<std::int64_t> places_;                // of the sums to send, by piece
  std::vector<std::vector<std::int64_t>> arrives_;  // places of the sums received, by rank and piece
  std::vector<word> sent_, received_;
  std::mutex one_;
  std::unique_ptr<transfers> moving_;
};

// The words in which ranks carry a tensor's numbers.
inline std::int64_t words_in(const Tensor& t) {
  return static_cast<std::int64_t>(t.nbytes()) / static_cast<std::int64_t>(sizeof(word));
}
inline word* words_of(const Tensor& t) { return static_cast<word*>(t.data_ptr()); }

}

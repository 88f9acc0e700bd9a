#include "noneq/flow/piece_exchange.hpp"

namespace noneq::flow {

piece_exchange::piece_exchange(const ranks& r, std::int64_t shards, std::vector<piece> pieces)
    : ranks_(r),
      whole_{0, shards},
      pieces_(std::move(pieces)),
      nodes_(static_cast<std::size_t>(r.size())),
      places_(pieces_.size()),
      arrives_(nodes_.size(), std::vector<std::int64_t>(pieces_.size())),
      moving_(r.begin_transfers()) {
  for (std::size_t rank = 0; rank < nodes_.size(); ++rank)
    nodes_within(block_of(static_cast<std::int64_t>(rank), r.size(), shards), whole_, nodes_[rank]);
}

// A rank sends one sum for each of its nodes that has one, one behind the other.
std::int64_t piece_exchange::sums_of(std::size_t rank, const piece& p) const {
  std::int64_t sums = 0;
  for (const shard_block& node : nodes_[rank]) sums += given_(node, p.vector);
  return sums;
}

void piece_exchange::begin(giving given) {
  given_ = std::move(given);
  const auto me = static_cast<std::size_t>(ranks_.rank());
  std::int64_t to_send = 0, to_receive = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const piece& p = pieces_[i];
    const std::int64_t words = words_in(p.weights);
    if (p.owner != ranks_.rank()) {
      places_[i] = to_send;
      to_send += sums_of(me, p) * words;
      continue;
    }
    for (std::size_t r = 0; r < nodes_.size(); ++r) {
      arrives_[r][i] = to_receive;
      if (r != me) to_receive += sums_of(r, p) * words;
    }
  }
  // They keep their memory from step to step: new memory from the system costs more than the copies.
  if (static_cast<std::size_t>(to_send) > sent_.size()) sent_.resize(static_cast<std::size_t>(to_send));
  if (static_cast<std::size_t>(to_receive) > received_.size()) received_.resize(static_cast<std::size_t>(to_receive));
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    for (std::size_t r = 0; r < nodes_.size() && pieces_[i].owner == ranks_.rank(); ++r)
      if (const std::int64_t sums = r == me ? 0 : sums_of(r, pieces_[i]); sums > 0)
        moving_->receive(static_cast<int>(r), pieces_[i].tag, received_.data() + arrives_[r][i],
                         sums * words_in(pieces_[i].weights));
}

void piece_exchange::send(std::size_t i, const summing& sum) {
  const piece& p = pieces_[i];
  if (p.owner == ranks_.rank()) return;
  word *const first = sent_.data() + places_[i], *end = first;
  for (const shard_block& node : nodes_[static_cast<std::size_t>(ranks_.rank())]) {
    if (!given_(node, p.vector)) continue;
    const Tensor values = sum(node).contiguous();
    end = std::copy_n(words_of(values), words_in(values), end);
  }
  if (end == first) return;
  const std::lock_guard alone(one_);
  moving_->send(p.owner, p.tag, first, end - first);
}

void piece_exchange::progress() {
  if (const std::unique_lock alone(one_, std::try_to_lock); alone) moving_->progress();
}

void piece_exchange::finish() { moving_->finish(); }

Tensor piece_exchange::sum(std::size_t i, const summing& sum) const {
  const piece& p = pieces_[i];
  std::vector<std::pair<shard_block, Tensor>> known;
  for (std::size_t r = 0; r < nodes_.size(); ++r) {
    const word* from = received_.data() + arrives_[r][i];
    for (const shard_block& node : nodes_[r]) {
      Tensor values;
      if (given_(node, p.vector)) {
        if (static_cast<int>(r) == ranks_.rank()) {
          values = sum(node);
        } else {
          values = at::empty_like(p.weights);
          std::copy_n(from, words_in(values), words_of(values));
          from += words_in(values);
        }
      }
      known.emplace_back(node, std::move(values));
    }
  }
  return tree_sum(whole_, [&](const shard_block& node) -> std::optional<Tensor> {
    for (const auto& [there, tensor] : known)
      if (there == node) return tensor;
    return std::nullopt;
  });
}

}

#include "noneq/flow/gradient_sums.hpp"

#include <algorithm>

namespace noneq::flow {

gradient_sums::gradient_sums(const ranks& r, const std::vector<Tensor>& vectors, std::vector<vector_piece> pieces,
                             std::vector<int> owners)
    : ranks_(r), vectors_(vectors), pieces_(std::move(pieces)), owners_(std::move(owners)) {}

// Returns the sum over a node of the shards' gradients, as far as they belong to the piece.
static Tensor sum_in(const gradients_by_shard& shards, const vector_piece& p, const shard_block& node) {
  return tree_sum(node, [&](const shard_block& one) -> std::optional<Tensor> {
    if (one.size() > 1) return std::nullopt;
    const std::vector<Tensor>& gradients = *shards[static_cast<std::size_t>(one.first)];
    return gradients.empty() || !gradients[p.vector].defined() ? Tensor() : p.part_of(gradients[p.vector]);
  });
}

// Stores for each shard, of any rank, whether it has a gradient of each vector, and whether that of the first vector is
// the one that its backward pass reported.
class gradient_sums::given_gradients {
 public:
  given_gradients(const gradients_by_shard& shards, std::size_t vectors, const ranks& r,
                  const std::function<bool(std::int64_t shard)>& as_reported)
      : columns_(vectors + 1), given_(shards.size() * columns_) {
    const auto count = static_cast<std::int64_t>(shards.size());
    const shard_block own = block_of(r.rank(), r.size(), count);
    for (std::int64_t s = own.first; s < own.last; ++s) {
      const auto& gradients = *shards[static_cast<std::size_t>(s)];
      for (std::size_t k = 0; k < vectors; ++k) at(s, k) = !gradients.empty() && gradients[k].defined();
      at(s, vectors) = as_reported(s);
    }
    r.share(given_.data(), begins_of(r.size(), count, static_cast<std::int64_t>(columns_)));
  }
  bool anywhere_in(const shard_block& node, std::size_t vector) const {
    for (std::int64_t s = node.first; s < node.last; ++s)
      if (given_[static_cast<std::size_t>(s) * columns_ + vector] != 0) return true;
    return false;
  }
  bool all_as_reported() const {
    for (std::size_t last = columns_ - 1; last < given_.size(); last += columns_)
      if (given_[last] == 0) return false;
    return true;
  }

 private:
  word& at(std::int64_t s, std::size_t column) { return given_[static_cast<std::size_t>(s) * columns_ + column]; }

  std::size_t columns_;
  std::vector<word> given_;
};

void gradient_sums::prepare_exchanges(std::int64_t shards) {
  if (watched_) return;
  const auto is_watched = [](const Tensor& v) { return v.dim() == 1 && v.scalar_type() == at::kFloat; };
  std::vector<piece_exchange::piece> watched, others;
  std::vector<number_range> ranges;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const vector_piece& p = pieces_[i];
    const bool of_watched = p.vector == 0 && is_watched(vectors_[0]);
    (of_watched ? watched : others)
        .push_back({static_cast<int>(i), owners_[i], p.vector, p.part_of(vectors_[p.vector])});
    if (of_watched) ranges.push_back({p.first, p.numbers});
  }
  watched_pieces_ = watched.size();
  sent_.resize(watched_pieces_);
  if (!watched.empty()) watch_.emplace(vectors_[0], std::move(ranges), block_of(ranks_.rank(), ranks_.size(), shards));
  watched_.emplace(ranks_, shards, std::move(watched));
  others_.emplace(ranks_, shards, std::move(others));
}

void gradient_sums::begin_step(const std::vector<bool>& with_rows) {
  if (!ranks_.many()) return;
  prepare_exchanges(static_cast<std::int64_t>(with_rows.size()));
  if (!watch_) return;
  with_rows_ = with_rows;
  if (sending_ == sending::untried) return watch_->begin(with_rows, {}, {});
  std::ranges::fill(sent_, 0);
  watched_->begin([this](const shard_block& node, std::size_t) {
    return std::find(with_rows_.begin() + node.first, with_rows_.begin() + node.last, true) !=
           with_rows_.begin() + node.last;
  });
  watch_->begin(
      with_rows, [this](std::size_t i) { send_known(i); }, [this] { watched_->progress(); });
  begun_ = true;
}

gradient_listener* gradient_sums::listener(std::int64_t shard) const {
  return watch_ && !with_rows_.empty() ? watch_->of_shard(shard) : nullptr;
}

void gradient_sums::send_known(std::size_t i) {
  watched_->send(i, [&](const shard_block& node) {
    return tree_sum(node, [&](const shard_block& one) -> std::optional<Tensor> {
      if (one.size() > 1) return std::nullopt;
      return with_rows_[static_cast<std::size_t>(one.first)] ? watch_->gradient(one.first, i) : Tensor();
    });
  });
  sent_[i] = 1;
}

// Ends the exchange that begin_step() began, also where passes did not report what is sent then.
void gradient_sums::finish_early(const gradients_by_shard& shards) {
  each_piece(static_cast<std::int64_t>(watched_pieces_), [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    if (sent_[i]) return;
    watched_->send(i, [&](const shard_block& node) {
      const Tensor sum = sum_in(shards, pieces_[i], node);
      return sum.defined() ? sum : at::zeros_like(pieces_[i].part_of(vectors_[pieces_[i].vector]));
    });
  });
  watched_->finish();
}

void gradient_sums::exchange(const gradients_by_shard& shards) {
  if (!ranks_.many()) return;
  prepare_exchanges(static_cast<std::int64_t>(shards.size()));
  const bool early = std::exchange(begun_, false);
  if (early) finish_early(shards);
  given_ = std::make_shared<given_gradients>(shards, vectors_.size(), ranks_, [&](std::int64_t s) {
    if (!watch_ || with_rows_.empty()) return false;
    const std::vector<Tensor>& gradients = *shards[static_cast<std::size_t>(s)];
    return !with_rows_[static_cast<std::size_t>(s)] || (!gradients.empty() && watch_->holds(s, gradients[0]));
  });
  const bool reported = given_->all_as_reported();
  if (sending_ != sending::late) sending_ = reported ? sending::early : sending::late;
  if (sending_ == sending::late) watch_.reset();  // which holds the memory of gradients

  // Piece i of all is piece i of the first exchange, or stands in the second behind those.
  const auto exchange = [&](piece_exchange& by, std::size_t first, std::size_t last) {
    by.begin([this](const shard_block& node, std::size_t vector) { return given_->anywhere_in(node, vector); });
    each_piece(static_cast<std::int64_t>(last - first), [&](std::int64_t at) {
      const auto i = static_cast<std::size_t>(at);
      by.send(i, [&](const shard_block& node) { return sum_in(shards, pieces_[first + i], node); });
    });
    by.finish();
  };
  if (!early || !reported) exchange(*watched_, 0, watched_pieces_);
  exchange(*others_, watched_pieces_, pieces_.size());
}

Tensor gradient_sums::sum(std::size_t i, const gradients_by_shard& shards) const {
  const auto own = [&](const shard_block& node) { return sum_in(shards, pieces_[i], node); };
  if (!ranks_.many()) return own({0, static_cast<std::int64_t>(shards.size())});
  return i < watched_pieces_ ? watched_->sum(i, own) : others_->sum(i - watched_pieces_, own);
}

}

#include "noneq/flow/pieced_optimizer.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "noneq/flow/divergence.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::flow {

static constexpr std::int64_t bytes_of_word = sizeof(word);

pieced_optimizer::pieced_optimizer(const trainer& t, const std::vector<Tensor>& vectors, const ranks& r)
    : trainer_(t), ranks_(r), vectors_(vectors) {
  at::NoGradGuard values_only;
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    const std::int64_t n = vectors[k].numel();
    const bool whole = vectors[k].dim() != 1 || n <= piece_numbers;
    for (std::int64_t first = 0; first < n; first += whole ? n : piece_numbers) {
      piece p{k, first, std::min(n - first, whole ? n : piece_numbers), whole, {}, {}};
      p.weights = p.part_of(vectors[k]);
      p.moves = t.optimizer({torch::optim::OptimizerParamGroup({p.weights})});
      pieces_.push_back(std::move(p));
    }
  }
  if (r.many()) need_shareable();
  const auto size = static_cast<std::size_t>(r.size());
  for (std::size_t rank = 0; rank <= size; ++rank) begins_.push_back(pieces_.size() * rank / size);
}

void pieced_optimizer::need_shareable() const {
  std::int64_t words = 0;
  for (const Tensor& v : vectors_) {
    if (v.element_size() < bytes_of_word)
      throw error(fmt::format("got weights of type {}, need float32 or float64 on several processes",
                              std::string(v.dtype().name())));
    words += words_in(v);
  }
  if (words > most_words)
    throw error(fmt::format("got {} weights, need at most {} on several processes", words, most_words));
}

int pieced_optimizer::owner_of(std::size_t piece) const {
  return static_cast<int>(std::upper_bound(begins_.begin() + 1, begins_.end(), piece) - begins_.begin()) - 1;
}

void pieced_optimizer::take(piece& p, const Tensor& sum) const {
  p.squares = 0;
  if (sum.defined()) p.squares = at::dot(sum.flatten(), sum.flatten()).item<double>();
  p.finite = std::isfinite(p.squares) || all_finite(sum);
  p.weights.mutable_grad() = sum;
}

bool pieced_optimizer::gather(const std::vector<const std::vector<Tensor>*>& shards) {
  if (ranks_.many()) {
    sum_with_others(shards);
    share_norms();
  } else {
    sum_own(shards);
  }
  return std::all_of(pieces_.begin(), pieces_.end(), [](const piece& p) { return p.finite; });
}

// Returns the sum over a node of the shards' gradients, as far as they belong to the piece.
template <class Piece>
static Tensor sum_in(const std::vector<const std::vector<Tensor>*>& shards, const Piece& p, const shard_block& node) {
  return tree_sum(node, [&](const shard_block& one) -> std::optional<Tensor> {
    if (one.size() > 1) return std::nullopt;
    const std::vector<Tensor>& gradients = *shards[static_cast<std::size_t>(one.first)];
    return gradients.empty() || !gradients[p.vector].defined() ? Tensor() : p.part_of(gradients[p.vector]);
  });
}

void pieced_optimizer::sum_own(const std::vector<const std::vector<Tensor>*>& shards) {
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t i) {
    piece& p = pieces_[static_cast<std::size_t>(i)];
    take(p, sum_in(shards, p, {0, static_cast<std::int64_t>(shards.size())}));
  });
}

// What each shard has, on any rank: a gradient for each vector, and one of the first vector that is as it was reported.
class pieced_optimizer::given_gradients {
 public:
  given_gradients(const std::vector<const std::vector<Tensor>*>& shards, std::size_t vectors, const ranks& r,
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

void pieced_optimizer::prepare_exchanges(std::int64_t shards) {
  if (watched_) return;
  const auto is_watched = [](const Tensor& v) { return v.dim() == 1 && v.scalar_type() == at::kFloat; };
  std::vector<piece_exchange::piece> watched, others;
  std::vector<gradient_watch::range> ranges;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const piece& p = pieces_[i];
    const bool of_watched = p.vector == 0 && is_watched(vectors_[0]);
    (of_watched ? watched : others).push_back({static_cast<int>(i), owner_of(i), p.vector, p.weights});
    if (of_watched) ranges.push_back({p.first, p.numbers});
  }
  watched_pieces_ = watched.size();
  sent_.resize(watched_pieces_);
  if (!watched.empty()) watch_.emplace(vectors_[0], std::move(ranges), block_of(ranks_.rank(), ranks_.size(), shards));
  watched_.emplace(ranks_, shards, std::move(watched));
  others_.emplace(ranks_, shards, std::move(others));
}

void pieced_optimizer::begin_step(const std::vector<bool>& with_rows) {
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

gradient_listener* pieced_optimizer::listener(std::int64_t shard) const {
  return watch_ && !with_rows_.empty() ? watch_->of_shard(shard) : nullptr;
}

void pieced_optimizer::send_known(std::size_t i) {
  watched_->send(i, [&](const shard_block& node) {
    return tree_sum(node, [&](const shard_block& one) -> std::optional<Tensor> {
      if (one.size() > 1) return std::nullopt;
      return with_rows_[static_cast<std::size_t>(one.first)] ? watch_->gradient(one.first, i) : Tensor();
    });
  });
  sent_[i] = 1;
}

// Ends the exchange that begin_step() began, also where passes did not report what is sent then.
void pieced_optimizer::finish_early(const std::vector<const std::vector<Tensor>*>& shards) {
  each_piece(static_cast<std::int64_t>(watched_pieces_), [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    if (sent_[i]) return;
    watched_->send(i, [&](const shard_block& node) {
      const Tensor sum = sum_in(shards, pieces_[i], node);
      return sum.defined() ? sum : at::zeros_like(pieces_[i].weights);
    });
  });
  watched_->finish();
}

void pieced_optimizer::sum_with_others(const std::vector<const std::vector<Tensor>*>& shards) {
  prepare_exchanges(static_cast<std::int64_t>(shards.size()));
  const bool early = std::exchange(begun_, false);
  if (early) finish_early(shards);
  const given_gradients given(shards, vectors_.size(), ranks_, [&](std::int64_t s) {
    if (!watch_ || with_rows_.empty()) return false;
    const std::vector<Tensor>& gradients = *shards[static_cast<std::size_t>(s)];
    return !with_rows_[static_cast<std::size_t>(s)] || (!gradients.empty() && watch_->holds(s, gradients[0]));
  });
  const bool reported = given.all_as_reported();
  if (sending_ != sending::late) sending_ = reported ? sending::early : sending::late;
  if (sending_ == sending::late) watch_.reset();  // which holds the memory of gradients

  // Piece i of all is piece i of the first exchange, or stands in the second behind those.
  const auto exchange = [&](piece_exchange& by, std::size_t first, std::size_t last) {
    by.begin([&](const shard_block& node, std::size_t vector) { return given.anywhere_in(node, vector); });
    each_piece(static_cast<std::int64_t>(last - first), [&](std::int64_t at) {
      const auto i = static_cast<std::size_t>(at);
      by.send(i, [&](const shard_block& node) { return sum_in(shards, pieces_[first + i], node); });
    });
    by.finish();
  };
  if (!early || !reported) exchange(*watched_, 0, watched_pieces_);
  exchange(*others_, watched_pieces_, pieces_.size());

  const auto me = static_cast<std::size_t>(ranks_.rank());
  each_piece(static_cast<std::int64_t>(begins_[me + 1] - begins_[me]), [&](std::int64_t at) {
    const std::size_t i = begins_[me] + static_cast<std::size_t>(at);
    const bool of_watched = i < watched_pieces_;
    take(pieces_[i],
         (of_watched ? *watched_ : *others_).sum(of_watched ? i : i - watched_pieces_, [&](const shard_block& node) {
           return sum_in(shards, pieces_[i], node);
         }));
  });
}

// Gives the squares of the gradients in their pieces, which sum to its norm, to all ranks.
void pieced_optimizer::share_norms() {
  struct found {
    double squares;
    std::int64_t finite;
  };
  std::vector<found> all(pieces_.size());
  for (std::size_t i = 0; i < pieces_.size(); ++i) all[i] = {pieces_[i].squares, pieces_[i].finite};
  std::vector<std::int64_t> begins;
  for (const std::size_t b : begins_) begins.push_back(static_cast<std::int64_t>(b * sizeof(found) / sizeof(word)));
  ranks_.share(reinterpret_cast<word*>(all.data()), begins);
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    pieces_[i].squares = all[i].squares, pieces_[i].finite = all[i].finite != 0;
}

void pieced_optimizer::share_weights() {
  for (std::size_t k = 0; k < vectors_.size(); ++k) {
    std::vector<std::int64_t> begins(begins_.size());
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      if (pieces_[i].vector == k)
        for (std::size_t r = static_cast<std::size_t>(owner_of(i)) + 1; r < begins.size(); ++r)
          begins[r] += words_in(pieces_[i].weights);
    ranks_.share(words_of(vectors_[k]), begins);
    vectors_[k].unsafeGetTensorImpl()->bump_version();  // by which others know that it has changed
  }
}

void pieced_optimizer::share_state() {
  if (!ranks_.many()) return;
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    trainer_.optimizer_state(*pieces_[i].moves, [&](const std::string&, Tensor& t) {
      if (t.element_size() < bytes_of_word)
        throw error(fmt::format("the optimizer's state has type {}, need numbers of 32 or 64 bits on several processes",
                                std::string(t.dtype().name())));
      Tensor values = t.contiguous();
      std::vector<std::int64_t> begins(begins_.size());
      for (std::size_t r = static_cast<std::size_t>(owner_of(i)) + 1; r < begins.size(); ++r)
        begins[r] = words_in(values);
      ranks_.share(words_of(values), begins);
      put_state(t, values);
    });
}

double pieced_optimizer::gradient_norm() const {
  double squares = 0;
  for (const piece& p : pieces_) squares += p.squares;
  return std::sqrt(squares);
}

void pieced_optimizer::step(double scale, const std::function<double(std::size_t)>& rate) {
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t i) {
    piece& p = pieces_[static_cast<std::size_t>(i)];
    if (!p.weights.grad().defined()) return;  // as are those of other ranks
    if (scale != 1) p.weights.mutable_grad() = p.weights.grad() * scale;
    p.moves->param_groups().front().options().set_lr(rate(p.vector));
    p.moves->step();
    p.weights.mutable_grad() = Tensor();
  });
  if (ranks_.many()) share_weights();
}

void pieced_optimizer::state(const state_visitor& visit) {
  at::NoGradGuard values_only;
  for (std::size_t k = 0; k < vectors_.size(); ++k) {
    std::map<std::string, std::vector<Tensor>> parts;
    const auto of_pieces = [&](const auto& with) {
      for (piece& p : pieces_)
        if (p.vector == k)
          trainer_.optimizer_state(*p.moves, [&](const std::string& name, Tensor& t) { with(p, name, t); });
    };
    of_pieces([&](const piece&, const std::string& name, const Tensor& t) { parts[name].push_back(t); });
    std::map<std::string, Tensor> whole;
    for (const auto& [name, all] : parts) {
      Tensor& t = whole[name];
      t = all.front().dim() == 1 ? at::cat(all) : all.front().clone();
      // The trainer's names begin with the position among its own parameters, of which it has one here.
      visit(std::to_string(k) + after_position(name), t);
    }
    of_pieces([&](const piece& p, const std::string& name, Tensor& t) {
      const Tensor& now = whole.at(name);
      put_state(t, now.dim() == 1 ? p.part_of(now) : now);
    });
  }
}

}

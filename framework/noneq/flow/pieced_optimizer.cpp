#include "noneq/flow/pieced_optimizer.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "noneq/flow/divergence.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::flow {

static constexpr std::int64_t bytes_of_word = sizeof(word);

static std::int64_t words_in(const Tensor& t) { return static_cast<std::int64_t>(t.nbytes()) / bytes_of_word; }

static word* words_of(const Tensor& t) { return static_cast<word*>(t.data_ptr()); }

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
static Tensor sum_in(const std::vector<const std::vector<Tensor>*>& shards, const Piece& p, const shard_block& whole) {
  return tree_sum(whole, [&](const shard_block& node) -> std::optional<Tensor> {
    if (node.size() > 1) return std::nullopt;
    const std::vector<Tensor>& gradients = *shards[static_cast<std::size_t>(node.first)];
    return gradients.empty() || !gradients[p.vector].defined() ? Tensor() : p.part_of(gradients[p.vector]);
  });
}

void pieced_optimizer::sum_own(const std::vector<const std::vector<Tensor>*>& shards) {
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t i) {
    piece& p = pieces_[static_cast<std::size_t>(i)];
    take(p, sum_in(shards, p, {0, static_cast<std::int64_t>(shards.size())}));
  });
}

class pieced_optimizer::given_gradients {
 public:
  given_gradients(const std::vector<const std::vector<Tensor>*>& shards, std::size_t vectors, const ranks& r)
      : vectors_(vectors), given_(shards.size() * vectors) {
    const auto count = static_cast<std::int64_t>(shards.size());
    const shard_block own = block_of(r.rank(), r.size(), count);
    for (std::int64_t s = own.first; s < own.last; ++s)
      for (std::size_t k = 0; k < vectors; ++k) {
        const auto& gradients = *shards[static_cast<std::size_t>(s)];
        given_[static_cast<std::size_t>(s) * vectors + k] = !gradients.empty() && gradients[k].defined();
      }
    r.share(given_.data(), begins_of(r.size(), count, static_cast<std::int64_t>(vectors)));
  }
  bool anywhere_in(const shard_block& node, std::size_t vector) const {
    for (std::int64_t s = node.first; s < node.last; ++s)
      if (given_[static_cast<std::size_t>(s) * vectors_ + vector] != 0) return true;
    return false;
  }

 private:
  std::size_t vectors_;
  std::vector<word> given_;
};

void pieced_optimizer::sum_with_others(const std::vector<const std::vector<Tensor>*>& shards) {
  const auto count = static_cast<std::int64_t>(shards.size());
  const auto size = static_cast<std::size_t>(ranks_.size()), me = static_cast<std::size_t>(ranks_.rank());
  const shard_block whole{0, count};
  const given_gradients given(shards, vectors_.size(), ranks_);
  std::vector<std::vector<shard_block>> nodes(size);
  for (std::size_t r = 0; r < size; ++r)
    nodes_within(block_of(static_cast<std::int64_t>(r), ranks_.size(), count), whole, nodes[r]);

  // One after the other: for each piece of the receiver, a sum for each of the sender's nodes that has one.
  const auto sums_of = [&](std::size_t sender, const piece& p) {
    std::int64_t sums = 0;
    for (const shard_block& node : nodes[sender]) sums += given.anywhere_in(node, p.vector);
    return sums;
  };
  std::vector<std::int64_t> places(pieces_.size()), to(size), from(size);
  std::int64_t sent_words = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto receiver = static_cast<std::size_t>(owner_of(i));
    const std::int64_t words = receiver == me ? 0 : sums_of(me, pieces_[i]) * words_in(pieces_[i].weights);
    places[i] = sent_words;
    sent_words += words;
    to[receiver] += words;
  }
  std::vector<std::vector<std::int64_t>> arrives(size, std::vector<std::int64_t>(begins_[me + 1] - begins_[me]));
  std::int64_t received_words = 0;
  for (std::size_t r = 0; r < size; ++r)
    for (std::size_t i = begins_[me]; i < begins_[me + 1] && r != me; ++i) {
      const std::int64_t words = sums_of(r, pieces_[i]) * words_in(pieces_[i].weights);
      arrives[r][i - begins_[me]] = received_words;
      received_words += words;
      from[r] += words;
    }

  std::vector<word> sent(static_cast<std::size_t>(sent_words)), received(static_cast<std::size_t>(received_words));
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    const piece& p = pieces_[i];
    if (owner_of(i) == ranks_.rank()) return;
    word* place = sent.data() + places[i];
    for (const shard_block& node : nodes[me]) {
      if (!given.anywhere_in(node, p.vector)) continue;
      const Tensor sum = sum_in(shards, p, node).contiguous();
      std::copy_n(words_of(sum), words_in(sum), place);
      place += words_in(sum);
    }
  });
  ranks_.exchange(sent.data(), to, received.data(), from);

  each_piece(static_cast<std::int64_t>(begins_[me + 1] - begins_[me]), [&](std::int64_t at) {
    const auto own = static_cast<std::size_t>(at);
    piece& p = pieces_[begins_[me] + own];
    std::vector<std::pair<shard_block, Tensor>> known;
    for (std::size_t r = 0; r < size; ++r) {
      word* place = r == me ? nullptr : received.data() + arrives[r][own];
      for (const shard_block& node : nodes[r]) {
        if (!given.anywhere_in(node, p.vector)) {
          known.emplace_back(node, Tensor());
        } else if (r == me) {
          known.emplace_back(node, sum_in(shards, p, node));
        } else {
          known.emplace_back(node, at::empty_like(p.weights));
          std::copy_n(place, words_in(p.weights), words_of(known.back().second));
          place += words_in(p.weights);
        }
      }
    }
    take(p, tree_sum(whole, [&](const shard_block& node) -> std::optional<Tensor> {
           for (const auto& [there, tensor] : known)
             if (there == node) return tensor;
           return std::nullopt;
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

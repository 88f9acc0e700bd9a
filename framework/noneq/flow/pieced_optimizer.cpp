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
      piece p{{k, first, std::min(n - first, whole ? n : piece_numbers), whole}, {}, {}};
      p.weights = p.part_of(vectors[k]);
      p.moves = t.optimizer({torch::optim::OptimizerParamGroup({p.weights})});
      pieces_.push_back(std::move(p));
    }
  }
  if (r.many()) need_shareable();
  const auto size = static_cast<std::size_t>(r.size());
  for (std::size_t rank = 0; rank <= size; ++rank) begins_.push_back(pieces_.size() * rank / size);
  std::vector<int> owners;
  for (std::size_t i = 0; i < pieces_.size(); ++i) owners.push_back(owner_of(i));
  sums_.emplace(r, vectors, std::vector<vector_piece>(pieces_.begin(), pieces_.end()), std::move(owners));
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

bool pieced_optimizer::gather(const gradients_by_shard& shards) {
  sums_->exchange(shards);
  const auto me = static_cast<std::size_t>(ranks_.rank());
  each_piece(static_cast<std::int64_t>(begins_[me + 1] - begins_[me]), [&](std::int64_t at) {
    const std::size_t i = begins_[me] + static_cast<std::size_t>(at);
    take(pieces_[i], sums_->sum(i, shards));
  });
  if (ranks_.many()) share_norms();
  return std::all_of(pieces_.begin(), pieces_.end(), [](const piece& p) { return p.finite; });
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

number_range pieced_optimizer::own_part(std::size_t k) const {
  const auto me = static_cast<std::size_t>(ranks_.rank());
  number_range part{0, 0};
  for (std::size_t i = begins_[me]; i < begins_[me + 1]; ++i) {
    const piece& p = pieces_[i];
    if (p.vector != k) continue;
    if (part.numbers == 0) part.first = p.first;
    part.numbers += p.numbers;
  }
  return part;
}

void pieced_optimizer::share(const std::vector<Tensor>& vectors) const {
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    std::vector<std::int64_t> begins(begins_.size());
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      if (pieces_[i].vector == k)
        for (std::size_t r = static_cast<std::size_t>(owner_of(i)) + 1; r < begins.size(); ++r)
          begins[r] += words_in(pieces_[i].weights);
    ranks_.share(words_of(vectors[k]), begins);
    vectors[k].unsafeGetTensorImpl()->bump_version();  // by which others know that it has changed
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
  if (ranks_.many()) share(vectors_);
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

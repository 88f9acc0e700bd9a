#include "noneq/flow/pieced_optimizer.hpp"

#include <cmath>

#include "noneq/flow/divergence.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::flow {

pieced_optimizer::pieced_optimizer(const trainer& t, const std::vector<Tensor>& vectors)
    : trainer_(t), vectors_(vectors.size()) {
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
}

bool pieced_optimizer::gather(const std::vector<const std::vector<Tensor>*>& shards) {
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t i) {
    piece& p = pieces_[static_cast<std::size_t>(i)];
    Tensor sum;
    for (const auto* shard : shards)
      if (const Tensor& g = (*shard)[p.vector]; g.defined()) sum = sum.defined() ? sum + p.part_of(g) : p.part_of(g);
    p.squares = 0;
    if (sum.defined()) p.squares = at::dot(sum.flatten(), sum.flatten()).item<double>();
    p.finite = std::isfinite(p.squares) || all_finite(sum);
    p.weights.mutable_grad() = sum;
  });
  return std::all_of(pieces_.begin(), pieces_.end(), [](const piece& p) { return p.finite; });
}

double pieced_optimizer::gradient_norm() const {
  double squares = 0;
  for (const piece& p : pieces_) squares += p.squares;
  return std::sqrt(squares);
}

void pieced_optimizer::step(double scale, const std::function<double(std::size_t)>& rate) {
  each_piece(static_cast<std::int64_t>(pieces_.size()), [&](std::int64_t i) {
    piece& p = pieces_[static_cast<std::size_t>(i)];
    if (!p.weights.grad().defined()) return;
    if (scale != 1) p.weights.mutable_grad() = p.weights.grad() * scale;
    p.moves->param_groups().front().options().set_lr(rate(p.vector));
    p.moves->step();
    p.weights.mutable_grad() = Tensor();
  });
}

void pieced_optimizer::state(const state_visitor& visit) {
  at::NoGradGuard values_only;
  for (std::size_t k = 0; k < vectors_; ++k) {
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

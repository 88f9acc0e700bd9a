// Importance sampling by the loss itself (Nichol & Dhariwal 2021, eq. 18): p_t ∝ √mean(L_t²) over the last losses seen
// at t, mixed with a little uniform so that no step starves; uniform until every step has a full history. The history
// holds unweighted losses. Not thread-safe: draw() and update() are called in turn.
#include "noneq/plugin.hpp"
#include "unit.hpp"

struct loss_second_moment : noneq::time_sampler {
  std::int64_t history = 10;
  double uniform = 0.001;

  bool adaptive() const override { return true; }

  noneq::drawn_times draw(std::int64_t B, const noneq::process& process, const noneq::stream& s) const override {
    if (process.tables.continuous())
      throw noneq::error("draws whole steps only, need another time sampler where time is continuous", "time");
    const std::int64_t T = process.steps();
    const noneq::Tensor p = probabilities(T), u = shipped::unit_rows(s, B);
    const noneq::Tensor index = at::searchsorted(p.cumsum(0), u, false, true).clamp_max(T - 1);
    return {index, (1 / (static_cast<double>(T) * p.index_select(0, index))).to(at::kFloat)};
  }

  void update(const noneq::Tensor& index, const noneq::Tensor& losses) override {
    if (index.numel() == 0) return;
    grow(index.max().item<std::int64_t>() + 1);
    const noneq::Tensor steps = index.contiguous(), values = losses.detach().to(at::kDouble).contiguous();
    const auto step = steps.accessor<std::int64_t, 1>();
    const auto value = values.accessor<double, 1>();
    auto last = last_.accessor<double, 2>();
    auto seen = seen_.accessor<std::int64_t, 1>();
    for (std::int64_t j = 0; j < step.size(0); ++j)
      // One infinite loss would take all the probability, and never give it back.
      if (std::isfinite(value[j])) last[step[j]][seen[step[j]]++ % history] = value[j];
  }

  void state(const noneq::state_visitor& visit) override {
    visit("last", last_);
    visit("seen", seen_);
    last_ = last_.to(at::kDouble).contiguous();
    seen_ = seen_.to(at::kLong).contiguous();
    if (seen_.size(0) > 0 && last_.size(1) != history)
      throw noneq::error(
          c10::str("got a stored history of ", last_.size(1), " losses per step, need history: ", history));
  }

  static void describe(noneq::description<loss_second_moment>& d) {
    d.doc("Steps are drawn in proportion to the root mean square of their recent losses.")
        .param("history", &loss_second_moment::history, "losses remembered per step", noneq::at_least(1),
               noneq::at_most(1000))
        .param("uniform", &loss_second_moment::uniform, "part of the probability that stays uniform", noneq::above(0),
               noneq::at_most(1));
  }

 private:
  noneq::Tensor probabilities(std::int64_t T) const {
    const double even = 1 / static_cast<double>(T);
    const noneq::Tensor all_even = at::full({T}, even, at::kDouble);
    if (seen_.size(0) != T || seen_.min().item<std::int64_t>() < history) return all_even;
    const noneq::Tensor size = last_.square().mean(1).sqrt();
    const double sum = size.sum().item<double>();
    return sum > 0 ? size / sum * (1 - uniform) + uniform * even : all_even;
  }

  // update() does not receive T: steps never seen count as steps not there yet.
  void grow(std::int64_t steps) {
    const std::int64_t more = steps - seen_.size(0);
    if (more <= 0) return;
    const noneq::Tensor known = seen_.size(0) > 0 ? last_ : at::zeros({0, history}, at::kDouble);
    last_ = at::cat({known, at::zeros({more, history}, at::kDouble)});
    seen_ = at::cat({seen_, at::zeros({more}, at::kLong)});
  }

  noneq::Tensor last_ = at::zeros({0, 1}, at::kDouble);  // [steps seen, history], a ring per step
  noneq::Tensor seen_ = at::zeros({0}, at::kLong);       // losses seen per step
};
NONEQ_PLUGIN(loss_second_moment);

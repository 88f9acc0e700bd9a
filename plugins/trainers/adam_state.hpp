// The state of libtorch's Adam and AdamW that must outlive an interruption: two moments and a counter per parameter,
// named "<position>.exp_avg", "<position>.exp_avg_sq", "<position>.step". Not thread-safe.
#pragma once

#include "noneq/core/error.hpp"
#include "noneq/plugin/roles/trainer.hpp"

namespace shipped::adam_state {

// Copies the tensor that the visitor put in place of a moment, so that neither side holds the other's memory.
inline void visit_moment(const std::string& name, const noneq::Tensor& moment, const noneq::state_visitor& visit) {
  noneq::Tensor seen = moment;
  visit(name, seen);
  if (seen.is_same(moment)) return;
  if (seen.sizes() != moment.sizes())
    throw noneq::error("got " + name + " of shape " + noneq::to_string(seen.sizes().vec()) + ", need " +
                       noneq::to_string(moment.sizes().vec()) + ": the checkpoint is of another model");
  moment.copy_(seen);
}

// State is AdamParamState or AdamWParamState. A parameter without state gets zeros, from which both start: the visitor
// may be about to fill them, and after a parameter's first step there is no difference.
template <class State>
void visit(torch::optim::Optimizer& optimizer, const noneq::state_visitor& visit_one) {
  at::NoGradGuard values_only;
  std::int64_t position = 0;
  for (auto& group : optimizer.param_groups())
    for (const noneq::Tensor& parameter : group.params()) {
      auto& slot = noneq::state_of(optimizer, parameter);
      if (!slot) {
        auto fresh = std::make_unique<State>();
        fresh->exp_avg(at::zeros_like(parameter));
        fresh->exp_avg_sq(at::zeros_like(parameter));
        slot = std::move(fresh);
      }
      auto& state = static_cast<State&>(*slot);
      const std::string name = std::to_string(position++) + ".";
      visit_moment(name + "exp_avg", state.exp_avg(), visit_one);
      visit_moment(name + "exp_avg_sq", state.exp_avg_sq(), visit_one);
      noneq::Tensor step = at::full({}, state.step(), at::kLong);
      visit_one(name + "step", step);
      state.step(step.item<std::int64_t>());
    }
}

}

#include "noneq/plugin/trainer_contract.hpp"

#include <cctype>

#include <fmt/format.h>

#include "noneq/plugin/returned.hpp"

namespace noneq {
namespace {

using saved_state = std::map<std::string, Tensor>;

constexpr std::int64_t count = 6, half = count / 2;

// An optimizer on weights of its own; every trial has equal gradients.
class trial {
 public:
  trial(const trainer& t, const std::string& by, Tensor weights) : of_(t), by_(by), weights_(std::move(weights)) {
    moves_ = need_made(t.optimizer({torch::optim::OptimizerParamGroup({weights_})}), by, "libtorch optimizer");
    if (moves_->param_groups().size() != 1) wrong("an optimizer of other groups than the one it was given");
  }

  void step(const Tensor& gradient) {
    weights_.mutable_grad() = gradient.clone();
    moves_->param_groups().front().options().set_lr(1e-2);
    moves_->step();
  }

  const Tensor& weights() const { return weights_; }

  // Returns each state by its name, the tensor itself and not a copy.
  saved_state state() {
    saved_state all;
    of_.optimizer_state(*moves_, [&](const std::string& name, Tensor& t) {
      after_position(name);
      if (!all.emplace(name, t).second) wrong("the state '" + name + "' twice");
    });
    return all;
  }

  void restore(const saved_state& saved) {
    of_.optimizer_state(*moves_, [&](const std::string& name, Tensor& t) {
      const auto it = saved.find(name);
      if (it == saved.end()) wrong("the state '" + name + "' before the first step, and not after it");
      put_state(t, it->second);
    });
  }

  [[noreturn]] void wrong(const std::string& what) const {
    throw error(fmt::format("{} returned {}; roles/trainer.hpp states what a state must be", by_, what));
  }

 private:
  const trainer& of_;
  const std::string& by_;
  Tensor weights_;
  std::unique_ptr<torch::optim::Optimizer> moves_;
};

bool share_memory(const Tensor& a, const Tensor& b) {
  return a.numel() > 0 && b.numel() > 0 && a.storage().data() == b.storage().data();
}

void check_state(trial& whole) {
  const saved_state all = whole.state();
  for (const auto& [name, t] : all) {
    if (!t.defined()) whole.wrong("the state '" + name + "' undefined");
    if (t.dim() == 1 && t.size(0) != count)
      whole.wrong(
          fmt::format("the state '{}' of shape {} for a vector of {} numbers, need [{}] or no shape of one "
                      "dimension",
                      name, to_string(t.sizes().vec()), count, count));
    if (share_memory(t, whole.weights())) whole.wrong("the state '" + name + "' in the weights' own memory");
    for (const auto& [other, u] : all)
      if (name < other && share_memory(t, u))
        whole.wrong(fmt::format("the states '{}' and '{}' in one piece of memory", name, other));
  }
}

bool equal_bits(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && at::logical_or(a == b, at::logical_and(a != a, b != b)).all().item<bool>();
}

}

std::string after_position(const std::string& name) {
  const auto dot = name.find('.');
  const bool position = dot != name.npos && dot > 0 && dot + 1 < name.size() &&
                        std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!position)
    throw error(fmt::format("optimizer_state got the name '{}', need '<position>.<name>', as in '0.momentum'", name));
  return name.substr(dot);
}

void put_state(Tensor& shown, const Tensor& saved) {
  if (shown.defined() && shown.sizes() == saved.sizes())
    shown.copy_(saved);
  else
    shown = saved.clone();
}

void check_optimizer(const trainer& t, const std::string& by) {
  at::NoGradGuard values_only;
  const Tensor start = at::linspace(-1, 2, count, at::kFloat);
  // The halves differ so much in size that any function of several numbers differs as well.
  const Tensor size = at::tensor({1.F, -2.F, 0.5F, 300.F, -100.F, 200.F});
  const std::vector<Tensor> gradients{size, size.flip(0) * 0.1, -0.7 * size};

  trial whole(t, by, start.clone());
  trial parts[]{trial(t, by, start.slice(0, 0, half).clone()), trial(t, by, start.slice(0, half).clone())};
  for (std::size_t k = 0; k < 2; ++k) {
    whole.step(gradients[k]);
    parts[0].step(gradients[k].slice(0, 0, half));
    parts[1].step(gradients[k].slice(0, half));
  }
  check_state(whole);
  if (!at::allclose(whole.weights(), at::cat({parts[0].weights(), parts[1].weights()}), 1e-4, 1e-6, true))
    throw error(by +
                " moves a number by more than its own gradient, need an optimizer that treats every number by "
                "itself, as roles/trainer.hpp states");

  saved_state saved;
  for (const auto& [name, tensor] : whole.state()) saved[name] = tensor.detach().clone();
  trial resumed(t, by, whole.weights().clone());
  resumed.restore(saved);
  whole.step(gradients[2]);
  resumed.step(gradients[2]);
  if (!equal_bits(whole.weights(), resumed.weights()))
    throw error(by +
                " goes on otherwise after its state was saved and restored, need all of its state in "
                "optimizer_state, as roles/trainer.hpp states");
}

}

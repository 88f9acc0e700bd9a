// Gradient descent with momentum that does one thing wrong, as `how` says.
#include "noneq/plugin/roles/trainer.hpp"
#include "noneq/plugin.hpp"

namespace misbehaving_trainer {

using noneq::Tensor;

struct momentum_options : torch::optim::OptimizerCloneableOptions<momentum_options> {
  double get_lr() const override { return lr; }
  void set_lr(const double to) override { lr = to; }
  double lr = 1e-3;
};

struct momentum : torch::optim::Optimizer {
  momentum(std::vector<torch::optim::OptimizerParamGroup> groups, std::string h)
      : Optimizer(std::move(groups), std::make_unique<momentum_options>()),
        how(std::move(h)),
        weights(param_groups().front().params().front()),
        velocity(how == "in_weights" ? weights.slice(0) : at::zeros_like(weights)),
        other(how == "shared" ? velocity.slice(0) : at::zeros_like(weights)) {}

  Tensor step(LossClosure) override {
    at::NoGradGuard values_only;
    const Tensor g = how == "norm" ? weights.grad() / weights.grad().norm() : weights.grad();
    count.add_(1);
    if (how != "in_weights") velocity.mul_(0.9).add_(g);
    weights.sub_(velocity * param_groups().front().options().get_lr() / count.sqrt());
    return {};
  }

  const std::string how;
  Tensor weights, velocity, other, count = at::zeros({});
};

struct misbehaves : noneq::trainer {
  std::string how = "well";

  std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const override {
    if (how == "nothing") return nullptr;
    return std::make_unique<momentum>(std::move(groups), how);
  }
  void optimizer_state(torch::optim::Optimizer& o, const noneq::state_visitor& visit) const override {
    auto& m = static_cast<momentum&>(o);
    visit(how == "no_position" ? "velocity" : "0.velocity", m.velocity);
    if (how != "forgets") visit("0.count.of.steps", m.count);
    if (how == "twice") visit("0.velocity", m.velocity);
    if (how == "shared") visit("0.other", m.other);
    if (how == "short") {
      Tensor three = at::zeros({3});
      visit("0.three", three);
    }
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};

NONEQ_PLUGIN(misbehaves);

}

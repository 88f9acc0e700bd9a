// AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam with the decay of weights apart from the gradient.
#include <torch/optim/adamw.h>

#include "adam_state.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/trainer.hpp"

struct adamw : noneq::trainer {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;

  std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const override {
    return std::make_unique<torch::optim::AdamW>(
        std::move(groups), torch::optim::AdamWOptions(rate).betas({beta1, beta2}).eps(eps).weight_decay(weight_decay));
  }
  void optimizer_state(torch::optim::Optimizer& o, const noneq::state_visitor& visit) const override {
    shipped::adam_state::visit<torch::optim::AdamWParamState>(o, visit);
  }

  static void describe(noneq::description<adamw>& d) {
    d.doc("Adam whose weights also shrink by rate·weight_decay in each step.")
        .param("beta1", &adamw::beta1, "decay of the mean of gradients", noneq::between(0, 0.999999))
        .param("beta2", &adamw::beta2, "decay of the mean of squared gradients", noneq::between(0, 0.9999999))
        .param("eps", &adamw::eps, "added to the root of that, so that nothing is divided by 0", noneq::above(0))
        .param("weight_decay", &adamw::weight_decay, "how fast weights shrink", noneq::at_least(0));
  }
};
NONEQ_PLUGIN(adamw);

// Adam (Kingma & Ba 2015, algorithm 1).
#include <torch/optim/adam.h>

#include "adam_state.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/trainer.hpp"

struct adam : noneq::trainer {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;

  std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const override {
    return std::make_unique<torch::optim::Adam>(std::move(groups),
                                                torch::optim::AdamOptions(rate).betas({beta1, beta2}).eps(eps));
  }
  void optimizer_state(torch::optim::Optimizer& o, const noneq::state_visitor& visit) const override {
    shipped::adam_state::visit<torch::optim::AdamParamState>(o, visit);
  }

  static void describe(noneq::description<adam>& d) {
    d.doc("Adam: each weight's step is scaled by the running size of its gradient.")
        .param("beta1", &adam::beta1, "decay of the mean of gradients", noneq::between(0, 0.999999))
        .param("beta2", &adam::beta2, "decay of the mean of squared gradients", noneq::between(0, 0.9999999))
        .param("eps", &adam::eps, "added to the root of that, so that nothing is divided by 0", noneq::above(0));
  }
};
NONEQ_PLUGIN(adam);

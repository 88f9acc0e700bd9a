// A trainer: the optimizer. Here gradient descent with momentum, libtorch's SGD.
#include <torch/optim/sgd.h>

#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/trainer.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::trainer {
  double momentum = 0.9;

  // Returns an optimizer for one part of the weights. It must treat every number by itself, because vectors are cut
  // into parts; the framework sets the rate before every step, clips gradients and averages weights.
  std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const override {
    return std::make_unique<torch::optim::SGD>(std::move(groups), torch::optim::SGDOptions(rate).momentum(momentum));
  }

  // Visits what must outlive an interruption: the momentum of each parameter. Before the first step it is 0, and the
  // visitor may put what was saved in its place.
  void optimizer_state(torch::optim::Optimizer& o, const noneq::state_visitor& visit) const override {
    if (momentum == 0) return;
    const at::NoGradGuard values_only;
    std::int64_t position = 0;
    for (auto& group : o.param_groups())
      for (const Tensor& parameter : group.params()) {
        auto& slot = noneq::state_of(o, parameter);
        if (!slot) {
          auto fresh = std::make_unique<torch::optim::SGDParamState>();
          fresh->momentum_buffer(at::zeros_like(parameter));
          slot = std::move(fresh);
        }
        auto& state = static_cast<torch::optim::SGDParamState&>(*slot);
        Tensor seen = state.momentum_buffer();
        visit(std::to_string(position++) + ".momentum", seen);
        state.momentum_buffer(seen);
      }
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Gradient descent with momentum.")
        .param("momentum", &my_plugin::momentum, "share of the last step that is kept", noneq::between(0, 0.999));
  }
};

NONEQ_PLUGIN(my_plugin);

}

// Laws of roles/trainer.hpp.
#include "noneq/plugin/roles/trainer.hpp"

#include "noneq/core/random.hpp"
#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::laws {
namespace trainer_laws {

void keeps_contract(const subject& s) { check_optimizer(*s.as<trainer>(), s.name()); }

Tensor moved(const subject& s, const Tensor& gradient) {
  at::NoGradGuard values_only;
  const Tensor weights = at::linspace(-1, 1, 8, at::kFloat);
  const auto moves = need_made(s.as<trainer>()->optimizer({torch::optim::OptimizerParamGroup({weights})}), s.name(),
                               "libtorch optimizer");
  weights.mutable_grad() = gradient.clone();
  moves->param_groups().front().options().set_lr(1e-3);
  moves->step();
  return weights.detach() - at::linspace(-1, 1, 8, at::kFloat);
}

void goes_down(const subject& s) {
  const Tensor gradient = stream(113).normal({8});
  const Tensor step = moved(s, gradient);
  const double change = (step * gradient).sum().item<double>();
  need(change < 0, "the change of the loss by a small step", std::to_string(change), "a fall");
  need_equal("the step for an equal gradient", moved(s, gradient), step);
}

}

law_list of_trainer() {
  using namespace trainer_laws;
  return {
      {"The optimizer treats every number by itself, and goes on from its visited state.", keeps_contract},
      {"A step moves the weights against the gradient, equally each time.", goes_down},
  };
}

}

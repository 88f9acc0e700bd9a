
#include "noneq/plugin/roles/trainer.hpp"

DOCTEST_TEST_CASE("two steps with the gradient 1 lead down by rate, then by rate·(1 + momentum)") {
  const auto trainer = noneq::laws::make<noneq::trainer>("trainer.my_plugin", "{steps: 2, rate: 0.1, momentum: 0.5}");
  const noneq::Tensor weight = at::ones({3}).requires_grad_();
  const auto optimizer = trainer->optimizer({torch::optim::OptimizerParamGroup({weight})});
  weight.mutable_grad() = at::ones({3});
  optimizer->step();
  DOCTEST_CHECK(weight[0].item<double>() == doctest::Approx(0.9));
  optimizer->step();
  DOCTEST_CHECK(weight[0].item<double>() == doctest::Approx(0.75));
}

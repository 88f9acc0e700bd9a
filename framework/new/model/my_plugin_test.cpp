
#include "noneq/plugin/roles/model.hpp"

DOCTEST_TEST_CASE("with the slope 2 the network doubles its input") {
  const auto model = noneq::laws::make<noneq::model>("model.my_plugin", "{slope: 2}");
  const auto network = model->build({{3}, 1, 10, 0});
  const noneq::Tensor x = at::ones({4, 3});
  const noneq::Tensor y = network->forward({x, at::arange(4, at::kLong), {}, at::zeros({4})});
  DOCTEST_CHECK((y - 2 * x).abs().max().item<double>() == 0);
}

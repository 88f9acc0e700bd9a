#include "noneq/plugin/roles/model.hpp"
#include "plugins/make.hpp"
#include "plugins/shake.hpp"

using namespace noneq;
using namespace testing;

static std::shared_ptr<network> built_for_plane(const std::string& yaml, std::int64_t classes = 0) {
  torch::manual_seed(1);
  return make<model>(yaml)->build({{2}, 2, 5, classes});
}

static network_input points_of_plane(std::int64_t n) {
  return {at::randn({n, 2}), at::arange(n, at::kLong).remainder(5), {}, at::linspace(8, -6, n)};
}

TEST_CASE("every network gives outputs for each dimension and passes gradients to all its parameters") {
  for (const char* yaml : {"mlp", "{plugin: mlp, time: bump, time_features: 4, activation: tanh}",
                           "{plugin: mlp, time: log_snr, octaves: 3, residual: true}", "rbf"}) {
    CAPTURE(yaml);
    const auto net = built_for_plane(yaml);
    shake(*net, 0.3);
    const Tensor y = net->forward(points_of_plane(20));
    CHECK((y.sizes() == at::IntArrayRef{20, 4}));
    std::vector<Tensor> parameters = net->parameters();
    for (const Tensor& g : torch::autograd::grad({y.square().sum()}, parameters)) CHECK(largest(g) > 0);
  }
}

TEST_CASE("a sample's output does not depend on its batch") {
  for (const char* yaml : {"mlp", "rbf"}) {
    const auto net = built_for_plane(yaml);
    shake(*net, 0.3);
    const network_input all = points_of_plane(20);
    const Tensor part = net->forward({all.x.slice(0, 7, 12), all.t.slice(0, 7, 12), {}, all.log_snr.slice(0, 7, 12)});
    CHECK(at::allclose(net->forward(all).slice(0, 7, 12), part, 1e-5, 1e-5));
  }
}

TEST_CASE("the readout of rbf belongs to one t") {
  const auto net = built_for_plane("rbf");
  const network_input in = points_of_plane(20);
  const Tensor before = net->forward(in).detach();
  {
    at::NoGradGuard guard;
    net->named_parameters()["readout"][3].add_(1);
  }
  const Tensor moved = (net->forward(in).detach() - before).abs().amax(1);
  CHECK(moved.gt(0).equal(in.t.eq(3)));
}

TEST_CASE("classes change the output of an mlp") {
  const auto net = built_for_plane("mlp", 3);
  shake(*net, 0.3);
  network_input in = points_of_plane(6);
  in.given = {{"label", at::zeros({6}, at::kLong)}};
  const Tensor zero = net->forward(in).detach();
  in.given = {{"label", at::full({6}, 2, at::kLong)}};
  CHECK(largest(net->forward(in) - zero) > 1e-3);
}

TEST_CASE("a model that cannot be is refused") {
  CHECK_THROWS_AS(make<model>("{plugin: mlp, hidden: []}"), input_error);
  CHECK_THROWS_AS(make<model>("{plugin: mlp, time_features: 7}"), input_error);
}

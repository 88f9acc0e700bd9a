// 2015's image network.
#include "noneq/diffusion/bump.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "plugins/make.hpp"
#include "plugins/shake.hpp"

using namespace noneq;
using namespace testing;

namespace {

const char* const small =
    "{plugin: multiscale, scales: 3, layers: 2, features: 4, dense_layers: 2, dense_width: 8, bumps: 5}";

std::shared_ptr<network> built(const sizes& shape, std::int64_t outputs, std::int64_t T) {
  torch::manual_seed(1);
  const auto m = make<model>(small);
  m->check_signature({shape, outputs, T, 0});
  const auto net = m->build({shape, outputs, T, 0});
  shake(*net, 0.2);
  return net;
}

Tensor images(const sizes& shape, std::int64_t n) {
  sizes all{n};
  all.insert(all.end(), shape.begin(), shape.end());
  return stream(1).normal(all);
}

}

TEST_CASE("multiscale: any size of image, outputs for each colour, gradients to every parameter") {
  for (const sizes& shape : {sizes{3, 8, 8}, sizes{1, 7, 10}, sizes{2, 5, 4}}) {
    CAPTURE(to_string(shape));
    const auto net = built(shape, 2, 10);
    const Tensor y = net->forward({images(shape, 3), at::arange(3, at::kLong), {}, {}});
    CHECK((y.sizes() == at::IntArrayRef{3, 2 * shape[0], shape[1], shape[2]}));
    std::vector<Tensor> parameters = net->parameters();
    for (const Tensor& g : torch::autograd::grad({y.square().sum()}, parameters)) CHECK(largest(g) > 0);
  }
}

TEST_CASE("multiscale: the output at t is the combination of its coefficients that the bumps at t say") {
  constexpr std::int64_t T = 12, bumps = 5;
  const auto net = built({1, 6, 6}, 1, T);
  const Tensor x = images({1, 6, 6}, 1).expand({T, 1, 6, 6});
  at::NoGradGuard values_only;
  const Tensor y = net->forward({x, at::arange(T, at::kLong), {}, {}}).flatten(1).to(at::kDouble);
  // For one image y(t) = Σ_j g_j(t) c_j: from five of the times the coefficients follow, and from them all the others.
  const Tensor g = bump_basis(T, bumps), five = at::tensor({0, 3, 5, 8, 11}, at::kLong);
  const Tensor c = at::linalg_solve(g.index_select(0, five), y.index_select(0, five));
  CHECK(largest(y[0] - y[6]) > 1e-3);
  CHECK(largest(g.matmul(c) - y) < 1e-4 * (1 + largest(c)));
}

TEST_CASE("multiscale: a sample's output does not depend on its batch") {
  const auto net = built({2, 6, 5}, 1, 10);
  const Tensor x = images({2, 6, 5}, 5), t = at::arange(5, at::kLong);
  const Tensor part = net->forward({x.slice(0, 2, 4), t.slice(0, 2, 4), {}, {}});
  CHECK(at::allclose(net->forward({x, t, {}, {}}).slice(0, 2, 4), part, 1e-5, 1e-6));
}

TEST_CASE("multiscale: only images are taken") {
  const auto m = make<model>(small);
  CHECK_THROWS_WITH(m->check_signature({{28, 28}, 1, 10, 0}),
                    "got samples of shape [28, 28], need [C, H, W]; {plugin: transform.channels, from: none} behind "
                    "the loader makes one of [H, W]");
}

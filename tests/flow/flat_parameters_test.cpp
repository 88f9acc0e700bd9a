// A network whose parameters live in one vector is the same network.
#include "noneq/flow/flat_parameters.hpp"
#include "noneq/plugin/roles/model.hpp"

#include "doctest.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

struct two_types : network {
  two_types() {
    a = register_parameter("a", at::arange(6, at::kFloat).view({2, 3}));
    b = register_parameter("b", at::full({4}, 2.0, at::kDouble));
    c = register_parameter("c", at::full({2}, 9.0, at::kFloat));
  }
  Tensor forward(const network_input& in) override { return in.x; }
  Tensor a, b, c;
};

}

TEST_CASE("parameters keep their values and become views of a vector for each type") {
  const auto n = std::make_shared<two_types>();
  const flat_parameters flat(n);
  REQUIRE(flat.vectors().size() == 2);
  CHECK(flat.count() == 12);
  CHECK(at::equal(flat.vectors()[0], at::tensor({0.f, 1.f, 2.f, 3.f, 4.f, 5.f, 9.f, 9.f})));
  CHECK((n->a.requires_grad() && n->a.is_leaf() && n->a.is_contiguous()));
  at::NoGradGuard values_only;
  const auto version = n->c._version();
  flat.vectors()[0].add_(1);
  CHECK(n->a[1][2].item<float>() == 6);
  CHECK(n->c._version() > version);
}

TEST_CASE("gradients that lie in memory as the vector would are not copied") {
  struct two : network {
    two() {
      register_parameter("a", at::zeros({2, 3}));
      register_parameter("b", at::zeros({4}));
    }
    Tensor forward(const network_input& in) override { return in.x; }
  };
  const flat_parameters flat(std::make_shared<two>());
  const Tensor whole = at::arange(10, at::kFloat);
  const Tensor same = flat.flat({whole.narrow(0, 0, 6).view({2, 3}), whole.narrow(0, 6, 4)})[0];
  CHECK(at::equal(same, whole));
  CHECK(same.data_ptr() == whole.data_ptr());
  const Tensor turned = flat.flat({whole.narrow(0, 4, 6).view({2, 3}), whole.narrow(0, 0, 4)})[0];
  CHECK(at::equal(turned, at::tensor({4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 0.f, 1.f, 2.f, 3.f})));
}

TEST_CASE("gradients go where their parameters are, and missing ones are zeros") {
  const flat_parameters flat(std::make_shared<two_types>());
  const auto g = flat.flat({at::ones({2, 3}), {}, at::full({2}, 5.f)});
  CHECK(at::equal(g[0], at::tensor({1.f, 1.f, 1.f, 1.f, 1.f, 1.f, 5.f, 5.f})));
  CHECK(at::equal(g[1], at::zeros({4}, at::kDouble)));
}

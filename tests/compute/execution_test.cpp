// Which execution is taken, told by its numbers: they sum in different orders, so their last bits differ.
#include "noneq/compute/execution.hpp"

#include "doctest.hpp"
#include "noneq/core/error.hpp"
#include "small_networks.hpp"

using namespace noneq;
using namespace noneq::compute;

namespace {

const stream of_dropout(8);

struct example {
  network_layers n = small::unet(1, 8, 8, false, 1, 0, 0.3);
  std::vector<Tensor> w = small::weights(n, 1);
  layers_input in{stream(5).normal({2, 1, 8, 8}), at::arange(2, at::kLong), {}};

  // Whether forward() gave the numbers of the reference execution, bit for bit.
  bool by_reference(const execution_choice& how) const {
    return at::equal(executed_network(n, how).forward(w, in), run_reference(n, w, in));
  }
};

const execution_choice fast{"auto", "fp32"};

// Two layers with the same weights.
network_layers with_shared_weight() {
  network_layers n = small::sliced(8, 8);
  std::get<conv_layer>(n.layers.back()).weight = std::get<conv_layer>(n.layers[2]).weight;
  return n;
}

}

TEST_CASE("the compiled execution is taken where it can, in training and with dropout too") {
  example e;
  CHECK_FALSE(e.by_reference(fast));
  CHECK_FALSE(e.by_reference({"compiled", "fp32"}));
  e.in.dropout = &of_dropout;
  CHECK_FALSE(e.by_reference(fast));
  at::NoGradGuard values_only;
  CHECK_FALSE(e.by_reference(fast));
}

TEST_CASE("the reference is taken when asked for, and for what only it can do") {
  SUBCASE("asked for") { CHECK(example().by_reference({"reference", "auto"})); }
  SUBCASE("a gradient with respect to x") {
    example e;
    e.in.x.requires_grad_();
    CHECK(e.by_reference(fast));
    const Tensor y = executed_network(e.n, fast).forward(e.w, e.in);
    CHECK(torch::autograd::grad({y.sum()}, {e.in.x})[0].abs().sum().item<double>() > 0);
    at::NoGradGuard values_only;
    CHECK_FALSE(e.by_reference(fast));
  }
  SUBCASE("a gradient with respect to the vector") {
    example e;
    e.n = small::unet(1, 8, 8, false, 1, 0, 0, 4);
    e.w = small::weights(e.n, 1);
    e.in.vector = stream(6).normal({2, 4});
    CHECK_FALSE(e.by_reference(fast));
    e.in.vector.requires_grad_();
    CHECK(e.by_reference(fast));
    const Tensor y = executed_network(e.n, fast).forward(e.w, e.in);
    CHECK(torch::autograd::grad({y.sum()}, {e.in.vector})[0].abs().sum().item<double>() > 0);
  }
  SUBCASE("weights in float64") {
    example e;
    for (Tensor& w : e.w) w = w.detach().to(at::kDouble);
    e.in.x = e.in.x.to(at::kDouble);
    CHECK(e.by_reference(fast));
  }
}

TEST_CASE("executions without meaning are refused with the reason") {
  const network_layers can = small::unet(1, 8, 8, false, 1), cannot = with_shared_weight();
  const auto make = [](const network_layers& n, const execution_choice& how) { executed_network(n, how); };
  CHECK_THROWS_WITH(make(cannot, {"compiled", "auto"}),
                    "execution: got compiled, need auto or reference: the weight w2 serves two layers");
  CHECK_THROWS_WITH(
      make(cannot, {"auto", "bf16"}),
      "precision: got bf16, need auto or fp32 with the reference execution: the weight w2 serves two layers");
  CHECK_THROWS_WITH(make(can, {"reference", "bf16"}),
                    "precision: got bf16, need auto or fp32 with the reference execution");
  for (const char* execution : {"auto", "reference", "compiled"}) CHECK_NOTHROW(make(can, {execution, "fp32"}));
}

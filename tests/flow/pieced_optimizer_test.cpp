// The optimizer in pieces is the optimizer.
#include "noneq/flow/pieced_optimizer.hpp"

#include <torch/optim/adam.h>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/pieces.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

constexpr std::int64_t numbers = 2 * piece_numbers + 5;

Tensor gradient(std::int64_t step, std::int64_t shard) { return stream(7).fork(step).fork(shard).normal({numbers}); }

Tensor start() { return stream(3).normal({numbers}); }

const trainer& adam() {
  static const session s(small_plan({}));
  return s.plan().training().trainer.as<trainer>();
}

// `steps` steps after `before`, of two shards each.
void run(pieced_optimizer& o, std::int64_t before, std::int64_t steps) {
  for (std::int64_t k = before; k < before + steps; ++k) {
    const std::vector<Tensor> a{gradient(k, 0), at::full({}, 1.0, at::kDouble)}, b{gradient(k, 1), {}};
    REQUIRE(o.gather({&a, &b}));
    o.step(0.5, [](std::size_t v) { return v == 0 ? 1e-2 : 1e-3; });
  }
}

}

TEST_CASE("pieces step as one optimizer on the whole vector does, shards summed and scaled") {
  at::NoGradGuard values_only;
  Tensor in_pieces = start(), beside = at::zeros({}, at::kDouble), whole = start();
  pieced_optimizer o(adam(), {in_pieces, beside});
  run(o, 0, 3);
  torch::optim::Adam reference({whole}, torch::optim::AdamOptions(1e-2));
  for (std::int64_t k = 0; k < 3; ++k) {
    whole.mutable_grad() = 0.5 * (gradient(k, 0) + gradient(k, 1));
    reference.step();
  }
  CHECK(at::equal(in_pieces, whole));
  CHECK(beside.item<double>() == doctest::Approx(-3e-3).epsilon(1e-5));
}

TEST_CASE("the norm is that of the whole gradient, and what is not finite anywhere is seen") {
  at::NoGradGuard values_only;
  pieced_optimizer o(adam(), {start()});
  std::vector<Tensor> g{gradient(0, 0)};
  CHECK(o.gather({&g}));
  CHECK(o.gradient_norm() == doctest::Approx(g[0].norm().item<double>()).epsilon(1e-5));
  g[0][numbers - 1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(!o.gather({&g}));
}

TEST_CASE("saved and restored, it goes on bit for bit") {
  at::NoGradGuard values_only;
  Tensor straight = start(), halfway = start();
  const Tensor other = at::zeros({}, at::kDouble);
  pieced_optimizer all(adam(), {straight, other.clone()}), first(adam(), {halfway, other.clone()});
  run(all, 0, 4);
  run(first, 0, 2);
  std::map<std::string, Tensor> saved;
  first.state([&](const std::string& name, Tensor& t) { saved[name] = t.clone(); });
  CHECK(saved.at("0.exp_avg").sizes() == at::IntArrayRef{numbers});
  CHECK(saved.count("1.exp_avg_sq") == 1);
  pieced_optimizer second(adam(), {halfway, other.clone()});
  second.state([&](const std::string& name, Tensor& t) { t.copy_(saved.at(name)); });
  run(second, 2, 2);
  CHECK(at::equal(straight, halfway));
}

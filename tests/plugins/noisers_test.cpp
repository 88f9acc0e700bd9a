#include "make.hpp"

using namespace noneq;
using namespace testing;

namespace {

batch of(const Tensor& x0, std::int64_t index, const process& p, const stream& s) {
  batch b;
  b.set("x0", x0);
  b.set("t", at::full({x0.size(0)}, index, at::kLong));
  b.set("noise", p.kernel->noise(x0.sizes().vec(), s.fork("noise"), 0));
  return b;
}

}

TEST_CASE("walking and jumping give x^t of the same law") {
  const std::int64_t n = 6000;
  for (const char* kernel_name : {"gaussian", "{plugin: binomial, r: 0.3}"})
    for (const char* noiser_name : {"marginal", "trajectory"})
      for (const std::int64_t i : {0, 3, 9}) {
        CAPTURE(kernel_name);
        CAPTURE(noiser_name);
        const auto p = make_process(kernel_name, "{plugin: linear, steps: 10, last: 0.3}", "x0");
        const Tensor x0 = at::ones({n, 1});
        batch b = of(x0, i, p, stream(4));
        make<noiser>(noiser_name)->apply(b, p, stream(4));
        const Tensor xt = b.at("xt").to(at::kDouble);
        const double keep = p.tables.alpha_bar[i].item<double>();
        if (p.kernel->has_variance()) {
          CHECK(mean_is(xt, std::sqrt(keep)));
          CHECK(mean_is((xt - std::sqrt(keep)).square(), 1 - keep));
        } else {
          CHECK(mean_is(xt, keep + (1 - keep) * 0.3));
          CHECK(((xt == 0) | (xt == 1)).all().item<bool>());
        }
      }
}

TEST_CASE("the noise of a batch is what leads from x0 to its x^t") {
  const auto p = make_process("gaussian", "{plugin: linear, steps: 10, last: 0.3}", "epsilon", "fixed_small");
  for (const char* name : {"marginal", "trajectory"}) {
    const auto noiser = make<noneq::noiser>(name);
    batch b;
    b.set("x0", stream(1).normal({500, 3}));
    noiser->draw(b, p, stream(2));
    noiser->apply(b, p, stream(2));
    const auto c = coefficients_at(p.tables, b.at("t"), b.at("x0"));
    CHECK(largest(b.at("xt") - c.sqrt_alpha_bar * b.at("x0") - c.sqrt_one_minus_alpha_bar * b.at("noise")) < 1e-5);
    CHECK(mean_is(b.at("noise"), 0));
    CHECK(mean_is(b.at("noise").square(), 1));
  }
}

TEST_CASE("a jump is a draw from the marginal, bit for bit") {
  const auto p = make_process("gaussian", "{plugin: linear, steps: 10, last: 0.3}", "epsilon", "fixed_small");
  const Tensor x0 = stream(1).normal({5, 3}), noise = stream(2).normal({5, 3});
  for (const Tensor& index : {at::arange(5, at::kLong), at::full({1}, 7, at::kLong)}) {
    const auto c = coefficients_at(p.tables, index, x0);
    CHECK(at::equal(p.kernel->jump(x0, c, noise), p.kernel->sample(p.kernel->marginal(x0, c), noise)));
  }
}

TEST_CASE("a shard is noised like its rows of the whole batch") {
  for (const char* kernel_name : {"gaussian", "binomial"})
    for (const char* name : {"marginal", "trajectory"}) {
      const auto p = make_process(kernel_name, "{plugin: linear, steps: 10, last: 0.3}", "x0");
      const auto noiser = make<noneq::noiser>(name);
      batch whole;
      whole.set("x0", (stream(1).uniform({50, 3}) < 0.5).to(at::kFloat));
      noiser->draw(whole, p, stream(2));
      batch shard = whole.rows(20, 35);
      noiser->apply(whole, p, stream(2));
      noiser->apply(shard, p, stream(2));
      for (const char* tensor : {"xt", "noise"}) CHECK(at::equal(whole.at(tensor).slice(0, 20, 35), shard.at(tensor)));
    }
}

TEST_CASE("through frozen noise, x^t carries gradients to a learned schedule") {
  for (const char* name : {"marginal", "trajectory"}) {
    const auto p = make_process("gaussian", "{plugin: learned, steps: 10}", "epsilon", "fixed_small");
    batch b = of(stream(1).normal({20, 3}), 6, p, stream(4));
    make<noiser>(name)->apply(b, p, stream(4));
    b.at("xt").square().sum().backward();
    CHECK(largest(p.schedule->learnable()[0].leaf.grad()) > 0);
  }
}

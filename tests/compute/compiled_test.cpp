// The compiled execution against the reference, value by value and gradient by gradient.
#include "noneq/compute/compiled.hpp"

#include <thread>

#include <torch/csrc/autograd/autograd.h>

#include "doctest.hpp"
#include "instruction_sets.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/gradient_listener.hpp"
#include "noneq/core/threads.hpp"
#include "small_networks.hpp"

using namespace noneq;
using namespace noneq::compute;
using namespace testing;
using small::result;

namespace {

const stream noise(8);  // of dropout

double relative(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm().clamp_min(1e-12)).item<double>();
}

layers_input dropping(layers_input in) {
  in.dropout = &noise;
  in.first = 7;
  return in;
}

result by_reference(const network_layers& n, std::int64_t batch) {
  std::vector<Tensor> w;
  for (const Tensor& x : small::weights(n, 1)) w.push_back(x.detach().to(at::kDouble).requires_grad_());
  return small::both_passes(
      n, batch, w, [&](const layers_input& in, auto& weights) { return run_reference(n, weights, dropping(in)); });
}

result by_plan(const network_layers& n, std::int64_t batch, precision of) {
  compiled_network net(n, of);
  return small::both_passes(n, batch, small::weights(n, 1),
                            [&](const layers_input& in, auto& weights) { return net.forward(dropping(in), weights); });
}

void compare(const network_layers& n, precision of, double of_values, double of_gradients) {
  REQUIRE(not_compilable(n) == "");
  const result expected = by_reference(n, 3), got = by_plan(n, 3, of);
  CHECK(relative(got.y, expected.y) < of_values);
  // Some gradients are 0 but for rounding (softmax does not see a bias of the keys): measured beside the largest.
  double largest = 0;
  for (const Tensor& g : expected.gradients) largest = std::max(largest, g.norm().item<double>());
  for (std::size_t i = 0; i < n.weights.size(); ++i) {
    CAPTURE(n.weights[i].name);
    const double error = (got.gradients[i].to(at::kDouble) - expected.gradients[i]).norm().item<double>();
    CHECK(error < of_gradients * (expected.gradients[i].norm().item<double>() + 1e-3 * largest));
  }
}

}

TEST_CASE("in float32 every value and gradient is the reference's to rounding") {
  SUBCASE("added time, one head") { compare(small::unet(3, 8, 8, false, 1), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("modulation, four heads, classes") { compare(small::unet(1, 8, 8, true, 4, 3), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("odd and oblong") { compare(small::unet(2, 7, 10, true, 2), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("sequences") { compare(small::unet(2, 1, 17, false, 2), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("dropout") { compare(small::unet(2, 7, 10, true, 2, 0, 0.3), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("a vector beside each sample") {
    compare(small::unet(2, 7, 10, true, 2, 3, 0, 5), precision::fp32, 2e-6, 2e-5);
    compare(small::unet(1, 8, 8, false, 1, 0, 0.3, 1), precision::fp32, 2e-6, 2e-5);
  }
  SUBCASE("vectors") { compare(small::perceptron(), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("vectors with classes") { compare(small::perceptron(3), precision::fp32, 2e-6, 2e-5); }
  SUBCASE("every nonlinearity") {
    for (const activation f :
         {activation::silu, activation::gelu, activation::relu, activation::tanh, activation::sigmoid}) {
      CAPTURE(static_cast<int>(f));
      compare(small::with_activation(small::unet(2, 8, 8, false, 1), f), precision::fp32, 2e-6, 2e-5);
      compare(small::with_activation(small::perceptron(), f), precision::fp32, 2e-6, 2e-5);
    }
  }
  SUBCASE("every padding, odd and oblong") {
    for (const paddings& with : small::all_paddings()) {
      CAPTURE(static_cast<int>(with[0]));
      CAPTURE(static_cast<int>(with[1]));
      compare(small::padded(small::unet(2, 7, 10, true, 2), with), precision::fp32, 2e-6, 2e-5);
      compare(small::padded(small::unet(3, 8, 8, false, 1), with), precision::fp32, 2e-6, 2e-5);
      compare(small::padded(small::unet(2, 1, 17, false, 2), with), precision::fp32, 2e-6, 2e-5);
    }
  }
  SUBCASE("parts of the channels") { compare(small::sliced(6, 5), precision::fp32, 2e-6, 2e-5); }
}

TEST_CASE("they agree on every instruction set") {
  const network_layers n = small::unet(2, 7, 10, true, 2, 0, 0.3);
  on_each_target([&] {
    compare(n, precision::fp32, 2e-6, 2e-5);
    compare(small::padded(n, {padding::reflect, padding::circular}), precision::fp32, 2e-6, 2e-5);
    if (multiplies_bf16()) compare(n, precision::bf16, 0.01, 0.05);
  });
}

TEST_CASE("in bf16 they agree within its rounding" * doctest::skip(!multiplies_bf16())) {
  SUBCASE("added time") { compare(small::unet(3, 8, 8, false, 1), precision::bf16, 0.01, 0.05); }
  SUBCASE("modulation") { compare(small::unet(1, 12, 8, true, 4, 3), precision::bf16, 0.01, 0.05); }
  SUBCASE("dropout") { compare(small::unet(1, 12, 8, false, 1, 0, 0.5), precision::bf16, 0.01, 0.05); }
  SUBCASE("a vector") { compare(small::unet(1, 12, 8, true, 2, 0, 0, 6), precision::bf16, 0.01, 0.05); }
}

TEST_CASE("in bf16 convolutions alone agree as well: of x, of few and of many channels, of odd widths" *
          doctest::skip(!multiplies_bf16())) {
  small::builder b;
  b.value(2, 6, 5);
  SUBCASE("x to the output") { b.conv(0, 3); }
  SUBCASE("32 channels") { b.conv(b.conv(b.conv(0, 8), 32), 3); }
  for (const paddings& with : small::all_paddings()) compare(small::padded(b.n, with), precision::bf16, 0.01, 0.02);
}

// Enough channels for products of fewer numbers, a sum with what was convolved, and what stands behind an upsampling.
TEST_CASE("wide convolutions agree, whatever they read and add to") {
  small::builder b;
  const value_id wide = b.conv(b.value(2, 12, 16), 192), sum = b.add(wide, b.conv(wide, 192));
  b.conv(b.conv(b.upsample(b.conv(b.conv(b.pool(sum), 48), 64, 1), sum), 32), 3);
  for (const paddings& with : small::all_paddings()) {
    CAPTURE(static_cast<int>(with[0]));
    CAPTURE(static_cast<int>(with[1]));
    compare(small::padded(b.n, with), precision::fp32, 2e-6, 5e-6);
    if (multiplies_bf16()) compare(small::padded(b.n, with), precision::bf16, 0.01, 0.03);
  }
}

TEST_CASE("in bf16 they agree under every padding" * doctest::skip(!multiplies_bf16())) {
  for (const paddings& with : small::all_paddings()) {
    CAPTURE(static_cast<int>(with[0]));
    CAPTURE(static_cast<int>(with[1]));
    compare(small::padded(small::unet(3, 7, 8, false, 1), with), precision::bf16, 0.01, 0.05);
  }
}

// Turned along a periodic axis, an image gives the turned output.
TEST_CASE("convolutions of periodic images commute with shifts") {
  small::builder b;
  const value_id wide = b.conv(b.value(2, 5, 16), 64), half = b.conv(b.conv(wide, 64), 64, 3, 2);
  b.conv(b.conv(b.upsample(half, wide), 32), 3);
  const network_layers n = small::padded(b.n, {padding::zeros, padding::circular});
  std::vector<Tensor> w = small::weights(n, 1);
  const Tensor x = stream(5).normal({2, 2, 5, 16});
  at::NoGradGuard values_only;
  for (const precision of : {precision::fp32, precision::bf16}) {
    if (of == precision::bf16 && !multiplies_bf16()) continue;
    const double rounding = of == precision::fp32 ? 1e-6 : 0.02;
    compiled_network net(n, of);
    const Tensor y = net.forward({x, {}, {}}, w);
    for (const std::int64_t k : {2, 6, 14})
      CHECK(relative(net.forward({x.roll({k}, {3}), {}, {}}, w), y.roll({k}, {3})) < rounding);
    CHECK(relative(net.forward({x.roll({1}, {3}), {}, {}}, w), y.roll({1}, {3})) > 0.05);  // not a whole stride
    CHECK(relative(net.forward({x.roll({1}, {2}), {}, {}}, w), y.roll({1}, {2})) > 0.05);  // not periodic
  }
}

TEST_CASE("gradients lie in memory as the weights do") {
  const network_layers n = small::unet(1, 8, 8, false, 1);
  std::vector<Tensor> w = small::weights(n, 1), parts;
  for (auto last = w.rbegin(); last != w.rend(); ++last) parts.push_back(last->detach().flatten());
  const Tensor all = at::cat(parts);
  std::int64_t end = all.numel();
  for (Tensor& t : w) {
    end -= t.numel();
    t = all.narrow(0, end, t.numel()).view(t.sizes()).detach().requires_grad_(true);
  }
  compiled_network net(n, precision::fp32);
  const Tensor y = net.forward({stream(1).normal({2, 1, 8, 8}), at::arange(2, at::kLong), {}}, w);
  const auto gradients = torch::autograd::grad({y.sum()}, w);
  for (std::size_t i = 0; i < w.size(); ++i) {
    CHECK(gradients[i].is_alias_of(gradients[0]));
    CHECK(gradients[i].storage_offset() == w[i].storage_offset());
  }
}

TEST_CASE("a gradient that somebody holds stays as it is when the next one is made") {
  const network_layers n = small::unet(1, 8, 8, false, 1);
  const std::vector<Tensor> w = small::weights(n, 1);
  compiled_network net(n, precision::fp32);
  const auto gradients = [&](std::uint64_t seed) {
    const Tensor y = net.forward({stream(seed).normal({2, 1, 8, 8}), at::arange(2, at::kLong), {}}, w);
    return torch::autograd::grad({y.sum()}, w);
  };
  const auto held = gradients(1);
  std::vector<Tensor> before;
  for (const Tensor& g : held) before.push_back(g.clone());
  gradients(2);
  for (std::size_t i = 0; i < held.size(); ++i) CHECK(at::equal(held[i], before[i]));
}

TEST_CASE("x keeps its digits in bf16" * doctest::skip(!multiplies_bf16())) {
  small::builder b;
  b.value(1, 4, 4);
  b.conv(b.conv(0, 1, 1), 1, 1);  // (x − 1)·256, then the same number again
  const auto one = [](float v) { return at::full({1, 1, 1, 1}, v); };
  const std::vector<Tensor> weights{one(256), at::full({1}, -256.0f), one(1), at::zeros({1})};
  const Tensor x = at::full({2, 1, 4, 4}, 1 + 1.0f / 1024);  // bf16 has nothing between 1 and 1 + 1/128
  CHECK(at::equal(compiled_network(b.n, precision::bf16).forward({x, {}, {}}, weights), at::full({2, 1, 4, 4}, 0.25f)));
}

TEST_CASE("many pixels of attention are taken in tiles") {
  compare(small::unet(1, 56, 40, false, 2), precision::fp32, 2e-6, 5e-5);  // 560 pixels: two tiles
}

TEST_CASE("new weights are seen at once, and threads do not disturb each other") {
  const network_layers n = small::unet(1, 8, 8, false, 1);
  std::vector<Tensor> w = small::weights(n, 1);
  compiled_network net(n, precision::fp32);
  const Tensor x = stream(5).normal({4, 1, 8, 8}), t = at::arange(4, at::kLong);
  at::NoGradGuard values_only;
  const Tensor before = net.forward({x, t, {}}, w);
  for (Tensor& weight : w) weight.mul_(1.1);
  const Tensor after = net.forward({x, t, {}}, w);
  CHECK(relative(after, before) > 1e-3);
  CHECK(relative(after, run_reference(n, w, {x, t, {}})) < 1e-5);
  std::vector<Tensor> got(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < got.size(); ++k)
    threads.emplace_back([&, k] {
      at::NoGradGuard guard;
      for (int repeat = 0; repeat < 5; ++repeat) got[k] = net.forward({x, t, {}}, w);
    });
  for (std::thread& one : threads) one.join();
  for (const Tensor& y : got) CHECK(at::equal(y, after));
}

TEST_CASE("the same input gives the same gradients, bit for bit") {
  const network_layers n = small::unet(3, 8, 8, true, 2);
  const result a = by_plan(n, 5, precision::fp32), b = by_plan(n, 5, precision::fp32);
  for (std::size_t i = 0; i < a.gradients.size(); ++i) CHECK(at::equal(a.gradients[i], b.gradients[i]));
}

TEST_CASE("a label that no row stands for is refused") {
  const network_layers n = small::unet(1, 8, 8, false, 1, 3);
  const std::vector<Tensor> w = small::weights(n, 1);
  compiled_network net(n, precision::fp32);
  at::NoGradGuard values_only;
  const Tensor x = at::zeros({1, 1, 8, 8}), t = at::zeros({1}, at::kLong);
  CHECK_THROWS_WITH(net.forward({x, t, at::full({1}, 3, at::kLong)}, w), "label: got 3, need a value in [0, 2]");
  CHECK_THROWS_AS(net.forward({x, t, {}}, w), error);
}

TEST_CASE("dropout belongs to the sample, and calls without noise drop nothing") {
  const network_layers n = small::unet(1, 8, 8, false, 1, 0, 0.3);
  const std::vector<Tensor> w = small::weights(n, 1);
  compiled_network net(n, precision::fp32);
  const Tensor x = stream(5).normal({5, 1, 8, 8}), t = at::arange(5, at::kLong);
  const Tensor all = net.forward({x, t, {}, &noise}, w),
               part = net.forward({x.slice(0, 2, 4), t.slice(0, 2, 4), {}, &noise, 2}, w);
  CHECK(relative(all.slice(0, 2, 4), part) < 1e-6);
  CHECK(relative(net.forward({x, t, {}}, w), all) > 1e-2);
  CHECK(relative(net.forward({x, t, {}}, w), run_reference(n, w, {x, t, {}})) < 2e-6);
  at::NoGradGuard values_only;
  CHECK(relative(net.forward({x, t, {}, &noise}, w), all) < 1e-6);
}

TEST_CASE("tensors of another size are refused before their memory is read") {
  const network_layers n = small::unet(1, 8, 8, false, 1, 3);
  const std::vector<Tensor> w = small::weights(n, 1);
  compiled_network net(n, precision::fp32);
  const Tensor x = at::zeros({2, 1, 8, 8}), i = at::zeros({2}, at::kLong);
  CHECK_THROWS_WITH(net.forward({at::zeros({2, 1, 8, 7}), i, i}, w),
                    "x: got x of shape [2, 1, 8, 7], need [2, 1, 8, 8]");
  CHECK_THROWS_WITH(net.forward({x, at::zeros({1}, at::kLong), i}, w), "t: got shape [1], need [2]");
  CHECK_THROWS_WITH(net.forward({x, i, at::zeros({3}, at::kLong)}, w), "label: got shape [3], need [2]");
  const network_layers with = small::unet(1, 8, 8, false, 1, 0, 0, 4);
  const std::vector<Tensor> v = small::weights(with, 1);
  compiled_network conditioned(with, precision::fp32);
  for (const auto& run :
       {std::function<Tensor(const layers_input&)>([&](auto& in) { return conditioned.forward(in, v); }),
        std::function<Tensor(const layers_input&)>([&](auto& in) { return run_reference(with, v, in); })}) {
    CHECK_THROWS_WITH(run({x, i, {}}), "vector: is missing; the network needs one for every sample");
    CHECK_THROWS_WITH(run({x, i, {}, nullptr, 0, at::zeros({2, 3})}), "vector: got shape [2, 3], need [2, 4]");
    const Tensor one = run({x, i, {}, nullptr, 0, at::ones({2, 4}, at::kDouble)});
    CHECK(relative(run({x, i, {}, nullptr, 0, at::zeros({2, 4})}), one) > 1e-3);
  }
}

TEST_CASE("each gradient of a weight is reported once, when it is final") {
  struct reported final : gradient_listener {
    void found(const Tensor& weight, const Tensor& gradient) override {
      CHECK(all.emplace(weight.data_ptr(), gradient.clone()).second);
    }
    std::map<void*, Tensor> all;
  };
  for (const network_layers& n : {small::perceptron(), small::unet(3, 8, 8, true, 2)}) {
    compiled_network net(n, precision::fp32);
    const std::vector<Tensor> weights = small::weights(n, 1);
    reported heard;
    const listening by(&heard);
    const result got = small::both_passes(
        n, 3, weights, [&](const layers_input& in, auto& w) { return net.forward(dropping(in), w); });
    REQUIRE(heard.all.size() == weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
      CHECK(at::equal(heard.all.at(weights[i].data_ptr()), got.gradients[i]));
  }
}

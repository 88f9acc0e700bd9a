// The description of U-Nets, and what a network made of one must be.
#include "../../plugins/models/unet/layers.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/compute/reference.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "plugins/make.hpp"
#include "plugins/shake.hpp"

using namespace noneq;
using namespace testing;

namespace {

shipped::unet::architecture papers(std::vector<std::int64_t> multipliers, std::int64_t attention_level) {
  shipped::unet::architecture a;
  a.in_channels = a.out_channels = 3;
  for (std::size_t i = 0; i < multipliers.size(); ++i) {
    const bool attends = static_cast<std::int64_t>(i) == attention_level;
    a.levels.push_back({.channels = 128 * multipliers[i], .down_attention = attends, .up_attention = attends});
  }
  return a;
}

std::shared_ptr<network> built(const std::string& yaml, const network_signature& s) {
  torch::manual_seed(1);
  const auto m = make<model>(yaml);
  m->check_signature(s);
  return m->build(s);
}

network_input input(const sizes& shape, std::int64_t n = 3) {
  sizes batch{n};
  batch.insert(batch.end(), shape.begin(), shape.end());
  return {at::randn(batch), at::arange(n, at::kLong) * 2, {}, at::zeros({n})};
}

std::string refusal(const std::string& yaml, const network_signature& s) {
  try {
    built(yaml, s);
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}

static std::int64_t numbers_of_weights(const compute::network_layers& n) {
  std::int64_t total = 0;
  for (const compute::weight_spec& w : n.weights) total += c10::multiply_integers(w.shape);
  return total;
}

TEST_CASE("the networks of the papers have the published numbers of parameters") {
  // Ho et al. 2020: 35.7M for CIFAR-10 and 114M for 256×256; the exact counts are those of the published checkpoints.
  CHECK(numbers_of_weights(shipped::unet::layers(papers({1, 2, 2, 2}, 1), {32, 32})) == 35'746'307);
  CHECK(numbers_of_weights(shipped::unet::layers(papers({1, 1, 2, 2, 4, 4}, 4), {256, 256})) == 113'673'219);
  // Nichol & Dhariwal 2021 for CIFAR-10, 52.5M: learned range, three blocks, attention at 16 and 8, four heads.
  shipped::unet::architecture improved = papers({1, 2, 2, 2}, 1);
  improved.levels[2].down_attention = improved.levels[2].up_attention = true;
  improved.out_channels = 6;
  improved.blocks = 3;
  improved.heads = 4;
  improved.scale_shift = true;
  CHECK(numbers_of_weights(shipped::unet::layers(improved, {32, 32})) == 52'546'438);
}

TEST_CASE("a vector beside each sample is embedded and added to the embedding of t") {
  shipped::unet::architecture a = papers({1, 2}, 1);
  const std::int64_t without = numbers_of_weights(shipped::unet::layers(a, {8, 8}));
  a.vector_size = 7;
  const compute::network_layers n = shipped::unet::layers(a, {8, 8});
  CHECK(numbers_of_weights(n) - without == 7 * 512 + 512 + 512 * 512 + 512);
  CHECK(compute::vector_size(n) == 7);
  std::vector<Tensor> w;
  for (const compute::weight_spec& s : n.weights)
    w.push_back(compute::initial_weight(s, stream(2)) + 0.1 * stream(1).fork(s.name).normal(s.shape));
  compute::layers_input in{stream(2).normal({2, 3, 8, 8}), at::arange(2, at::kLong), {}};
  in.vector = stream(3).normal({2, 7});
  const Tensor y = run_reference(n, w, in);
  in.vector.select(1, 6).add_(1);
  CHECK(largest(run_reference(n, w, in) - y) > 1e-3);
  // Its two linear layers after one another, into the place where t's embedding is added.
  const auto weight = [&](const std::string& name) -> Tensor& {
    return w[static_cast<std::size_t>(
        std::find_if(n.weights.begin(), n.weights.end(), [&](const auto& s) { return s.name == name; }) -
        n.weights.begin())];
  };
  in.vector = stream(3).normal({1, 7}).expand({2, 7});
  const Tensor expected = run_reference(n, w, in);
  const Tensor hidden = at::silu(
      at::linear(in.vector[0], weight("vector_embedding.linear_1.weight"), weight("vector_embedding.linear_1.bias")));
  const Tensor embedded = at::linear(hidden, weight("vector_embedding.linear_2.weight"));
  weight("vector_embedding.linear_2.weight").zero_();
  CHECK(largest(run_reference(n, w, in) - expected) > 1e-3);
  weight("time_embedding.linear_2.bias").add_(embedded);
  CHECK(largest(run_reference(n, w, in) - expected) < 1e-4 * largest(expected));
}

TEST_CASE("any size goes down by rounding up and comes back to itself") {
  const std::string small = "{plugin: unet, channels: 8, multipliers: [1, 2, 2], blocks: 1, groups: 4, ";
  const std::vector<sizes> shapes{{1, 28, 28}, {3, 30, 17}, {2, 7, 1}, {1, 5, 9}, {2, 19}, {1, 64}};
  for (const char* how : {"downsample_padding: 0}", "downsample_padding: 1}", "resample: residual}"})
    for (const sizes& shape : shapes) {
      CAPTURE(how);
      CAPTURE(to_string(shape));
      const auto net = built(small + how, {shape, 2, 1000, 0});
      shake(*net, 0.1);
      sizes expected = shape;
      expected[0] *= 2;
      CHECK(net->forward(input(shape)).sizes().slice(1).vec() == expected);
    }
}

TEST_CASE("the compiled execution is right for every size, one pixel included") {
  const auto run = [](const sizes& shape, const std::string& how, at::ScalarType type) {
    const auto net =
        built("{plugin: unet, channels: 8, groups: 1, blocks: 1, precision: fp32, execution: compiled, " + how + "}",
              {shape, 1, 1000, 0});
    shake(*net, 0.1);
    net->to(type);  // in float64 the reference execution is taken
    network_input in = input(shape);
    in.x = in.x.to(type);
    const Tensor y = net->forward(in);
    std::vector<Tensor> result =
        torch::autograd::grad({(y * at::randn(in.x.sizes()).to(type)).sum()}, net->parameters());
    result.push_back(y.detach());
    for (Tensor& one : result) one = one.to(at::kDouble);
    return result;
  };
  const std::vector<sizes> shapes{{1, 1},    {3, 1},    {1, 1, 1}, {3, 1, 1}, {2, 2},    {2, 3},
                                  {1, 1, 2}, {1, 2, 1}, {2, 1, 7}, {2, 7, 1}, {1, 2, 2}, {2, 3, 5}};
  for (const std::string how :
       {"multipliers: [1]", "multipliers: [1, 2], scale_shift: true", "multipliers: [1, 1, 2], resample: residual",
        "multipliers: [1, 2], downsample_padding: 1", "multipliers: [1], padding: circular"})
    for (const sizes& shape : shapes) {
      CAPTURE(how);
      CAPTURE(to_string(shape));
      const auto expected = run(shape, how, at::kDouble), got = run(shape, how, at::kFloat);
      double largest_norm = 0;  // some gradients are 0 but for rounding
      for (const Tensor& g : expected) largest_norm = std::max(largest_norm, g.norm().item<double>());
      for (std::size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CHECK((got[i] - expected[i]).norm().item<double>() <
              5e-5 * (expected[i].norm().item<double>() + 1e-2 * largest_norm));
      }
    }
}

// A shift along a periodic axis by whole strides of the network, 2 to the number of halvings, shifts the output.
TEST_CASE("a network with circular padding commutes with shifts along the periodic axes") {
  const auto off_by = [](network& net, const sizes& shape, std::int64_t axis, std::int64_t k, at::ScalarType type) {
    network_input in = input(shape);
    in.x = in.x.to(type);
    const Tensor y = net.forward(in);
    in.x = in.x.roll({k}, {axis});
    return ((net.forward(in) - y.roll({k}, {axis})).norm() / y.norm()).item<double>();
  };
  struct run {
    const char* how;
    at::ScalarType type;
    double rounding;
  };
  const std::vector<run> runs{{"execution: reference", at::kDouble, 1e-12},
                              {"execution: reference", at::kFloat, 1e-5},
                              {"execution: compiled, precision: fp32", at::kFloat, 1e-5},
                              {"execution: compiled, precision: bf16", at::kFloat, 0.05}};
  at::NoGradGuard values_only;
  for (const run& r : runs) {
    if (std::string(r.how).ends_with("bf16") && !noneq::compute::can_compute_in_bf16()) {
      CHECK_THROWS_WITH_AS(built(std::string("{plugin: unet, channels: 32, ") + r.how + "}", {{1, 8, 12}, 1, 1000, 0}),
                           "precision: got bf16, which this CPU cannot compute without AVX-512, need auto or fp32",
                           noneq::error);
      continue;
    }
    for (const std::string how : {"downsample_padding: 0", "downsample_padding: 1", "resample: residual",
                                  "attention: [12], heads: 2", "middle_attention: false"}) {
      CAPTURE(r.how);
      CAPTURE(how);
      const std::string yaml =
          std::string("{plugin: unet, channels: 32, multipliers: [1, 1, 2], blocks: 1, ") + r.how + ", " + how;
      const auto globe = built(yaml + ", padding: [zeros, circular]}", {{2, 7, 12}, 1, 1000, 0}),
                 torus = built(yaml + ", padding: circular}", {{1, 8, 12}, 1, 1000, 0}),
                 ring = built(yaml + ", padding: circular}", {{2, 12}, 1, 1000, 0}),
                 edged = built(yaml + "}", {{2, 7, 12}, 1, 1000, 0});
      for (const auto& net : {globe, torus, ring, edged}) {
        shake(*net, 0.1);
        net->to(r.type);
      }
      for (const std::int64_t k : {4, 8}) {
        CHECK(off_by(*globe, {2, 7, 12}, 3, k, r.type) < r.rounding);
        CHECK(off_by(*torus, {1, 8, 12}, 3, k, r.type) < r.rounding);
        CHECK(off_by(*ring, {2, 12}, 2, k, r.type) < r.rounding);
      }
      CHECK(off_by(*torus, {1, 8, 12}, 2, 4, r.type) < r.rounding);
      CHECK(off_by(*globe, {2, 7, 12}, 2, 4, r.type) > 0.2);
      CHECK(off_by(*edged, {2, 7, 12}, 3, 4, r.type) > 0.2);
    }
  }
}

TEST_CASE("what cannot be padded so is refused in one line") {
  const std::string yaml = "{plugin: unet, channels: 8, multipliers: [1, 1, 1], padding: ";
  CHECK(refusal(yaml + "[zeros, circular]}", {{1, 7, 12}, 1, 10, 0}) == "");
  CHECK(refusal(yaml + "[reflect, circular]}", {{1, 5, 4}, 1, 10, 0}) == "");
  CHECK(refusal(yaml + "circular}", {{1, 20}, 1, 10, 0}) == "");
  CHECK(refusal(yaml + "[zeros, circular]}", {{1, 8, 30}, 1, 10, 0}) ==
        "padding: got circular along 30 pixels, need a multiple of 4, because there are 3 levels");
  CHECK(refusal(yaml + "circular}", {{1, 6}, 1, 10, 0}) ==
        "padding: got circular along 6 pixels, need a multiple of 4, because there are 3 levels");
  CHECK(refusal(yaml + "reflect}", {{1, 4, 8}, 1, 10, 0}) ==
        "padding: got reflect along 4 pixels, which are 1 at the last of 3 levels, need at least 2");
  CHECK(refusal(yaml + "[zeros, circular]}", {{1, 32}, 1, 10, 0}) ==
        "padding: got 2 words, need one, or one for each of 1 axes");
}

TEST_CASE("a fresh network says nothing; gradients reach every parameter once branches are open") {
  const std::string yaml =
      "{plugin: unet, channels: 8, multipliers: [1, 2], attention: [6], heads: 2, scale_shift: true, no_class: true}";
  const auto net = built(yaml, {{1, 6, 6}, 1, 10, 3});
  network_input in = input({1, 6, 6}, 4);
  in.given = {{"label", at::tensor({0, 1, 2, 3}, at::kLong)}};
  CHECK(largest(net->forward(in)) == 0);
  shake(*net, 0.1);
  std::vector<Tensor> parameters = net->parameters();
  for (const Tensor& g : torch::autograd::grad({net->forward(in).square().sum()}, parameters)) CHECK(largest(g) > 0);
}

TEST_CASE("the gradient is the limit of differences, in float64") {
  const auto net =
      built("{plugin: unet, channels: 4, multipliers: [1, 2], blocks: 1, attention: [4]}", {{1, 4, 3}, 1, 10, 0});
  shake(*net, 0.1);
  net->to(at::kDouble);
  network_input in = input({1, 4, 3}, 2);
  in.x = in.x.to(at::kDouble);
  const Tensor weight = at::randn({2, 1, 4, 3}, at::kDouble);
  const auto objective = [&] { return (net->forward(in) * weight).sum(); };
  for (auto& p : net->named_parameters()) {
    CAPTURE(p.key());
    const Tensor direction = at::randn_like(p.value());
    const double slope = (torch::autograd::grad({objective()}, {p.value()})[0] * direction).sum().item<double>();
    at::NoGradGuard guard;
    constexpr double h = 1e-6;
    p.value().add_(direction, h);
    const double above = objective().item<double>();
    p.value().add_(direction, -2 * h);
    const double below = objective().item<double>();
    p.value().add_(direction, h);
    CHECK(slope == doctest::Approx((above - below) / (2 * h)).epsilon(1e-6).scale(1));
  }
}

TEST_CASE("a sample's output does not depend on its batch, with dropout neither") {
  const auto net = built("{plugin: unet, channels: 8, multipliers: [1, 2], dropout: 0.3}", {{1, 8, 8}, 1, 1000, 0});
  shake(*net, 0.1);
  const stream s(3);
  network_input all = input({1, 8, 8}, 5);
  all.dropout = &s;
  network_input part{all.x.slice(0, 2, 4), all.t.slice(0, 2, 4), {}, all.log_snr.slice(0, 2, 4)};
  part.dropout = &s;
  part.first = 2;
  const Tensor y = net->forward(all);
  CHECK(at::allclose(y.slice(0, 2, 4), net->forward(part), 1e-5, 1e-5));
  all.dropout = nullptr;
  CHECK(largest(y - net->forward(all)) > 1e-3);
}

TEST_CASE("labels, no label and an earlier estimate change the output") {
  const auto net = built("{plugin: unet, channels: 8, multipliers: [1], no_class: true, self_conditioning: true}",
                         {{1, 4, 4}, 1, 1000, 2});
  CHECK(net->knows_no_class());
  CHECK(net->self_conditioned());
  shake(*net, 0.1);
  network_input in = input({1, 4, 4});
  const Tensor unsaid = net->forward(in);
  in.given = {{"label", at::full({3}, 2, at::kLong)}};
  CHECK(at::equal(net->forward(in), unsaid));
  in.given = {{"label", at::full({3}, 1, at::kLong)}};
  CHECK(largest(net->forward(in) - unsaid) > 1e-3);
  in.given = in.given.with("x0_hat", at::zeros({3, 1, 4, 4}));
  const Tensor zeros = net->forward(in);
  in.given = in.given.with("x0_hat", at::ones({3, 1, 4, 4}));
  CHECK(largest(net->forward(in) - zeros) > 1e-3);
  in.given = in.given.with("label", at::full({3}, 3, at::kLong));
  CHECK_THROWS_WITH(net->forward(in), "label: got 3, need a value in [0, 2]");
}

TEST_CASE("a schedule of few steps spans the sinusoids of a thousand") {
  const auto at_t = [&](const char* range, std::int64_t T, std::int64_t t) {
    const auto net = built(std::string("{plugin: unet, channels: 8, multipliers: [1], time_range: ") + range + "}",
                           {{1, 4, 4}, 1, T, 0});
    shake(*net, 0.1);
    return net->forward({at::ones({1, 1, 4, 4}), at::full({1}, t, at::kLong), {}, {}});
  };
  CHECK(at::allclose(at_t("1000", 100, 30), at_t("1000", 1000, 300), 1e-5, 1e-6));
  CHECK(at::equal(at_t("0", 100, 30), at_t("0", 1000, 30)));
  CHECK_FALSE(at::equal(at_t("1000", 100, 30), at_t("0", 100, 30)));
}

TEST_CASE("groups adapt to the channels, and what cannot be is refused in one line") {
  CHECK(refusal("{plugin: unet, channels: 20, multipliers: [1, 3]}", {{1, 8, 8}, 1, 10, 0}) == "");
  CHECK(refusal("{plugin: unet, channels: 8, multipliers: [1], heads: 3}", {{1, 8, 8}, 1, 10, 0}) ==
        "test.yaml:1:1: test: got 3 heads for 8 channels, need a divisor");
  CHECK(refusal("{plugin: unet, channels: 9, multipliers: [1]}", {{1, 8, 8}, 1, 10, 0}) ==
        "test.yaml:1:1: test: got 9 channels at the first level, need an even number above 2");
  CHECK(refusal("{plugin: unet, channels: 8, multipliers: [1, 1], attention: [16]}", {{1, 28, 20}, 1, 10, 0}) ==
        "attention: got 16, need a size of a level: 28, 14");
  CHECK(refusal("{plugin: unet, channels: 8, multipliers: [1]}", {{2}, 1, 10, 0}) ==
        "got samples of shape [2], need [C, H, W] or [C, L]; {plugin: transform.channels, from: none} behind the "
        "loader makes one");
  CHECK(refusal("{plugin: unet, channels: 8, multipliers: [1], no_class: true}", {{1, 8, 8}, 1, 10, 0}) ==
        "no_class: got true, need data with labels, or leave it out");
}

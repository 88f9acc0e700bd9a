// The reference execution against formulas written out, layer by layer.
#include "doctest.hpp"

#include "noneq/compute/reference.hpp"
#include "noneq/core/error.hpp"

using namespace noneq;
using namespace noneq::compute;

namespace {

// A network of one layer: value 0 in, the last value out.
network_layers single(std::vector<value_shape> values, std::vector<weight_spec> weights, layer l) {
  const auto out = static_cast<value_id>(values.size()) - 1;
  return {std::move(values), std::move(weights), {std::move(l)}, out};
}

Tensor wave(const sizes& shape, double phase = 0) {
  return (at::arange(c10::multiply_integers(shape), at::kDouble) * 0.7 + phase).sin().view(shape);
}

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

}

TEST_CASE("a convolution pads each side by its own number") {
  const conv_layer how{0, 1, 0, 1, {3, 3}, {2, 2}, {0, 1}, {1, 0}};
  const auto net = single({{2, 4, 5}, {3, 2, 2}}, {{"w", {3, 2, 3, 3}}, {"b", {3}}}, how);
  const Tensor x = wave({2, 2, 4, 5}), w = wave({3, 2, 3, 3}, 1), b = wave({3}, 2);
  const std::vector<Tensor> weights{w, b};
  const Tensor y = run_reference(net, weights, {x, {}, {}});
  REQUIRE((y.sizes() == at::IntArrayRef{2, 3, 2, 2}));
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t j = 0; j < 2; ++j) {
      Tensor sum = b.unsqueeze(0).expand({2, 3}).clone();
      for (std::int64_t r = 0; r < 3; ++r)
        for (std::int64_t c = 0; c < 3; ++c)
          if (const std::int64_t py = 2 * i + r, px = 2 * j + c - 1; py < 4 && px >= 0 && px < 5)
            sum += at::matmul(x.select(3, px).select(2, py), w.select(3, c).select(2, r).t());
      CHECK(difference(y.select(3, j).select(2, i), sum) < 1e-12);
    }
}

TEST_CASE("beyond an axis stand zeros, its other end or its mirror image") {
  const auto line = [](padding p) {
    std::vector<std::int64_t> pixels;
    for (std::int64_t i = -2; i < 6; ++i) pixels.push_back(pixel_at(i, 4, p));
    return pixels;
  };
  using numbers = std::vector<std::int64_t>;
  CHECK(line(padding::zeros) == numbers{none, none, 0, 1, 2, 3, none, none});
  CHECK(line(padding::circular) == numbers{2, 3, 0, 1, 2, 3, 0, 1});
  CHECK(line(padding::reflect) == numbers{2, 1, 0, 1, 2, 3, 2, 1});
}

TEST_CASE("a convolution reads beyond each axis the pixels that stand there") {
  for (const padding down : {padding::zeros, padding::circular, padding::reflect})
    for (const padding along : {padding::zeros, padding::circular, padding::reflect})
      for (const std::int64_t before : {0, 1}) {
        conv_layer how{0, 1, 0, none, {3, 3}, {1, 1}, {before, 1}, {1, 1}};
        how.padded_with = {down, along};
        const std::int64_t height = 2 + before;
        const Tensor x = wave({2, 2, 3, 5}), w = wave({3, 2, 3, 3}, 1);
        const std::vector<Tensor> weights{w};
        const Tensor y =
            run_reference(single({{2, 3, 5}, {3, height, 5}}, {{"w", {3, 2, 3, 3}}}, how), weights, {x, {}, {}});
        for (std::int64_t i = 0; i < height; ++i)
          for (std::int64_t j = 0; j < 5; ++j) {
            Tensor sum = at::zeros({2, 3}, at::kDouble);
            for (std::int64_t r = 0; r < 3; ++r)
              for (std::int64_t c = 0; c < 3; ++c) {
                const std::int64_t py = pixel_at(i + r - before, 3, down), px = pixel_at(j + c - 1, 5, along);
                if (py != none && px != none)
                  sum += at::matmul(x.select(3, px).select(2, py), w.select(3, c).select(2, r).t());
              }
            CHECK(difference(y.select(3, j).select(2, i), sum) < 1e-12);
          }
      }
}

TEST_CASE("a normalised group has mean 0 and variance 1, then scale, shift and silu come in that order") {
  const norm_layer how{0, 1, 0, 1, 2, 0.01, true, 0};
  auto net = single({{4, 3, 2}, {4, 3, 2}}, {{"w", {4}}, {"b", {4}}}, how);
  net.values.insert(net.values.begin() + 1, {8});  // the modulation, made by a table
  std::get<norm_layer>(net.layers[0]) = {0, 2, 0, 1, 2, 0.01, true, 1};
  net.layers.insert(net.layers.begin(), embedding_layer{1, 2});
  net.weights.push_back({"table", {3, 8}});
  net.output = 2;
  const Tensor x = wave({2, 4, 3, 2}), w = wave({4}, 1), b = wave({4}, 2), table = wave({3, 8}, 3);
  const std::vector<Tensor> weights{w, b, table};
  const Tensor y = run_reference(net, weights, {x, {}, at::tensor({2, 0}, at::kLong)});
  const Tensor g = x.view({2, 2, 12});
  const Tensor n = ((g - g.mean(2, true)) / (g.var(2, false, true) + 0.01).sqrt()).view({2, 4, 6});
  const Tensor m = table.index_select(0, at::tensor({2, 0}, at::kLong)).unsqueeze(2);
  const Tensor z = (n * w.view({4, 1}) + b.view({4, 1})) * (1 + m.slice(1, 0, 4)) + m.slice(1, 4, 8);
  CHECK(difference(y.view({2, 4, 6}), z / (1 + at::exp(-z))) < 1e-12);
}

TEST_CASE("attention mixes pixels by the softmax of scaled products, head by head") {
  const auto net = single({{4, 1, 3}, {4, 1, 3}}, {}, attention_layer{0, 0, 0, 1, 2});
  const Tensor x = wave({1, 4, 1, 3});
  const Tensor y = run_reference(net, {}, {x, {}, {}});
  for (std::int64_t h = 0; h < 2; ++h)
    for (std::int64_t i = 0; i < 3; ++i) {
      Tensor weight = at::zeros({3}, at::kDouble);
      const Tensor part = x[0].slice(0, 2 * h, 2 * h + 2).squeeze(1);  // [2, 3]
      for (std::int64_t j = 0; j < 3; ++j)
        weight[j] = at::exp(at::dot(part.select(1, i), part.select(1, j)) / std::sqrt(2.0));
      const Tensor mixed = at::matmul(part, weight / weight.sum());
      CHECK(difference(y[0].slice(0, 2 * h, 2 * h + 2).select(2, i).squeeze(1), mixed) < 1e-12);
    }
}

TEST_CASE("odd sizes: pooling rounds up, growing meets any size, pixel y reads pixel ⌊y·in/out⌋") {
  const Tensor x = wave({1, 1, 1, 5});
  const Tensor half = run_reference(single({{1, 1, 5}, {1, 1, 3}}, {}, pool_layer{0, 1}), {}, {x, {}, {}});
  const Tensor v = x.flatten();
  CHECK(difference(half.flatten(), at::stack({(v[0] + v[1]) / 2, (v[2] + v[3]) / 2, v[4]})) < 1e-15);
  for (const std::int64_t wide : {9, 10, 5}) {
    const Tensor y = run_reference(single({{1, 1, 5}, {1, 1, wide}}, {}, upsample_layer{0, 1}), {}, {x, {}, {}});
    for (std::int64_t k = 0; k < wide; ++k) CHECK(y.flatten()[k].item<double>() == v[k * 5 / wide].item<double>());
  }
}

TEST_CASE("sinusoids have the stated frequencies, and tables the stated rows") {
  const sinusoid_layer how{1, false, true, 1, 100, 0.5};
  const Tensor t = at::tensor({0, 7}, at::kLong);
  const Tensor y = sinusoids(how, t, 6);
  for (int i = 0; i < 3; ++i) {
    const double angle = 0.5 * 7 * std::pow(100, -i / 2.0);
    CHECK(y[1][i].item<double>() == doctest::Approx(std::cos(angle)).epsilon(1e-14));
    CHECK(y[1][3 + i].item<double>() == doctest::Approx(std::sin(angle)).epsilon(1e-14));
  }
  const std::vector<Tensor> table{wave({3, 2})};
  const auto net = single({{1}, {2}}, {{"table", {3, 2}}}, embedding_layer{1, 0, true});
  const layers_input in{at::zeros({2, 1}, at::kDouble), at::tensor({2, 1}, at::kLong), {}};
  CHECK(difference(run_reference(net, table, in).flatten(1), table[0].index_select(0, in.t)) == 0);
  CHECK_THROWS_WITH(run_reference(net, table, {in.x, t, {}}), "t: got 7, need a value in [0, 2]");
  CHECK_THROWS_WITH(run_reference(net, table, {in.x, {}, {}}), "t: is missing; the network needs one for every sample");
  CHECK_THROWS_WITH(run_reference(net, table, {at::zeros({2, 3}), t, {}}),
                    "x: got x of shape [2, 3], need [2, 1, 1, 1]");
}

TEST_CASE("dropout keeps the mean, belongs to the sample and is absent without a stream") {
  const auto net = single({{1000}, {1000}}, {}, dropout_layer{0, 1, 0.25});
  const Tensor x = at::ones({8, 1000}, at::kDouble);
  const stream s(5);
  const Tensor y = run_reference(net, {}, {x, {}, {}, &s, 2}).flatten(1);
  CHECK(std::abs(y.mean().item<double>() - 1) < 4 * std::sqrt(0.25 / 0.75 / 8000));
  CHECK(at::logical_or(y == 0, y == 1 / 0.75).all().item<bool>());
  CHECK(at::equal(y.slice(0, 3, 5), run_reference(net, {}, {x.slice(0, 3, 5), {}, {}, &s, 5}).flatten(1)));
  CHECK(at::equal(run_reference(net, {}, {x, {}, {}}).flatten(1), x));
}

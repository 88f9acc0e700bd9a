// Conditions of networks: fields on the grid of the sample, vectors, and those that training leaves out.
#include "../../plugins/models/conditioning.hpp"
#include "doctest.hpp"

using noneq::Tensor;
using shipped::condition_options;
using shipped::conditioning;

namespace {

noneq::network_signature signature(std::map<std::string, noneq::sizes> conditions) {
  return {{1, 8, 12}, 1, 10, 0, std::move(conditions)};
}

noneq::network_input input(const noneq::conditions& given, std::int64_t n = 2) {
  return {at::zeros({n, 1, 8, 12}), at::zeros({n}, at::kLong), given, at::zeros({n})};
}

condition_options options(std::vector<std::string> names, std::vector<double> drop = {}) {
  condition_options o;
  o.condition = std::move(names);
  o.drop = std::move(drop);
  return o;
}

}

TEST_CASE("fields are brought to the grid of the sample: a linear course stays linear, and means stay") {
  const conditioning c(options({"low"}), signature({{"low", {2, 4, 6}}}), false);
  CHECK(c.channels() == 2);
  CHECK(c.numbers() == 0);
  // A plane through the middles of the cells.
  const Tensor y = (at::arange(4.f) + 0.5) * 2, x = (at::arange(6.f) + 0.5) * 2;
  const Tensor plane = (y.unsqueeze(1) + 10 * x).expand({2, 2, 4, 6}).contiguous();
  const Tensor fine = c.fields(input({{"low", plane}}), {false, false});
  const Tensor expected = (at::arange(8.f) + 0.5).unsqueeze(1) + 10 * (at::arange(12.f) + 0.5);
  CHECK(fine.sizes() == at::IntArrayRef({2, 2, 8, 12}));
  CHECK(at::allclose(fine[0][0].slice(0, 1, 7).slice(1, 1, 11), expected.slice(0, 1, 7).slice(1, 1, 11)));
  const Tensor some = noneq::stream(3).normal({2, 2, 16, 24});
  const conditioning finer(options({"low"}), signature({{"low", {2, 16, 24}}}), false);
  CHECK(at::allclose(finer.fields(input({{"low", some}}), {}), at::avg_pool2d(some, 2), 1e-5, 1e-6));
}

TEST_CASE("along a periodic axis a shift of the field is a shift of its values on the finer grid") {
  const conditioning c(options({"low"}), signature({{"low", {1, 4, 6}}}), false);
  const Tensor low = noneq::stream(4).normal({2, 1, 4, 6});
  const auto fine = [&](const Tensor& x) { return c.fields(input({{"low", x}}), {false, true}); };
  CHECK(at::allclose(fine(low.roll(1, 3)), fine(low).roll(2, 3), 1e-5, 1e-6));
  CHECK_FALSE(
      at::allclose(c.fields(input({{"low", low.roll(1, 3)}}), {}), c.fields(input({{"low", low}}), {}).roll(2, 3)));
}

TEST_CASE("a field without channels has one; vectors stand side by side; other shapes are refused") {
  const conditioning c(options({"land", "time", "place"}),
                       signature({{"land", {8, 12}}, {"time", {1}}, {"place", {3}}}), false);
  CHECK(c.channels() == 1);
  CHECK(c.numbers() == 4);
  const Tensor vectors =
      c.vectors(input({{"land", at::ones({2, 8, 12})}, {"time", at::ones({2, 1})}, {"place", at::zeros({2, 3})}}));
  CHECK(at::equal(vectors, at::tensor({1.f, 0.f, 0.f, 0.f}).expand({2, 4})));
  CHECK_THROWS_WITH(conditioning(options({"low"}), signature({{"low", {1, 2, 3, 4}}}), false),
                    "condition: got 'low' with rows of shape [1, 2, 3, 4], need a field of as many axes as a sample "
                    "[1, 8, 12], or a vector");
}

TEST_CASE("a condition that is left out is zeros beside a 0, and equal shares are left out together") {
  const conditioning c(options({"a", "b"}, {0.4}), signature({{"a", {2}}, {"b", {1, 8, 12}}}), false);
  CHECK(c.channels() == 2);
  CHECK(c.numbers() == 3);
  CHECK(c.dropped() == std::vector<std::string>{"a", "b"});
  constexpr std::int64_t n = 2000;
  auto in = input({{"a", at::ones({n, 2})}, {"b", at::ones({n, 1, 8, 12})}}, n);
  CHECK(c.vectors(in).sum().item<double>() == 3 * n);  // predictions leave nothing out
  const noneq::stream s(6);
  in.dropout = &s;
  const Tensor kept = c.vectors(in), field = c.fields(in, {});
  const double share = 1 - kept.select(1, 2).mean().item<double>();
  CHECK(std::abs(share - 0.4) < 5 * std::sqrt(0.24 / n));
  CHECK(at::equal(kept.select(1, 0), kept.select(1, 2)));
  CHECK(at::equal(field.select(1, 0).select(1, 0).select(1, 0), kept.select(1, 2)));
  CHECK(at::equal(field.select(1, 1).select(1, 7).select(1, 11), kept.select(1, 2)));
  // Shards leave out what the whole batch does.
  auto part = input({{"a", at::ones({500, 2})}, {"b", at::ones({500, 1, 8, 12})}}, 500);
  part.dropout = &s;
  part.first = 700;
  CHECK(at::equal(c.vectors(part), kept.slice(0, 700, 1200)));
  CHECK(c.vectors(input({})).abs().sum().item<double>() == 0);
  const conditioning needed(options({"a"}), signature({{"a", {2}}}), false);
  CHECK_THROWS_WITH(needed.vectors(input({})), "the network got no condition 'a', which it was never trained without");
}

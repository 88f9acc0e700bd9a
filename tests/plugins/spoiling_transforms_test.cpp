// Transforms that spoil data, to learn to mend it or to compare with: hide, noise, permute; and the median filter.
#include <cmath>

#include "make.hpp"
#include "noneq/plugin/roles/transform.hpp"
#include "plugins/message.hpp"

using noneq::Tensor;
using testing::make;
using testing::message_of;
using testing::says;

namespace {

noneq::batch spoilt(const std::string& yaml, const Tensor& x) {
  const noneq::transform_context c{true, noneq::stream(7), 0};
  return make<noneq::transform>(yaml)->run({0, 0, {{"x0", x}}}, c);
}

}

TEST_CASE("hide: a copy misses the stated share more or less, and the row itself nothing") {
  const Tensor x = noneq::stream(1).normal({400, 2, 12, 20});
  const noneq::batch b = spoilt("{plugin: hide, least: 0.1, most: 0.6}", x);
  const Tensor hidden = b.at("seen").isnan();
  CHECK(b.at("x0").equal(x));
  CHECK(hidden.select(1, 0).equal(hidden.select(1, 1)));  // alike for all channels
  CHECK(b.at("seen").nan_to_num(0).equal(x.masked_fill(hidden, 0)));
  const Tensor share = hidden.to(at::kDouble).mean({1, 2, 3});
  CHECK(share.min().item<double>() >= 0.1 - 0.5 / 240);
  CHECK(share.max().item<double>() <= 0.6 + 0.5 / 240);
  CHECK(testing::mean_is(share, 0.35));
  const Tensor fixed = spoilt("{plugin: hide, least: 0.25, most: 0.25}", x).at("seen").isnan().flatten(1).sum(1);
  CHECK(fixed.eq(2 * 60).all().item<bool>());
  // Missing numbers stay missing.
  const Tensor holes = x.masked_fill(noneq::stream(2).uniform(x.sizes().vec()) < 0.2, std::nan(""));
  const noneq::batch of_holes = spoilt("{plugin: hide, least: 0.1, most: 0.6}", holes);
  CHECK(of_holes.at("seen").isnan().equal(hidden.logical_or(holes.isnan())));
  CHECK(of_holes.at("x0").isnan().equal(holes.isnan()));
  CHECK(spoilt("{plugin: hide, most: 0}", x).at("seen").equal(x));
  CHECK(says(message_of([] { make<noneq::transform>("{plugin: hide, least: 0.7}"); }), "least: got 0.7, need at most"));
}

TEST_CASE("noise: independent, Gaussian, of the stated deviation, for one field a node") {
  const Tensor x = 5 * noneq::stream(1).normal({2000, 3, 4}),
               added = (spoilt("{plugin: noise, deviation: 0.3}", x).at("x0") - x) / 0.3;
  CHECK(testing::mean_is(added, 0));
  CHECK(testing::mean_is(added.square(), 1));
  CHECK(testing::mean_is(added.pow(4), 3));
  CHECK(testing::mean_is(added.select(1, 0) * added.select(1, 1), 0));
  CHECK(testing::mean_is(added * x, 0));
  CHECK(spoilt("{plugin: noise, deviation: 0}", x).at("x0").equal(x));
  for (const char* yaml : {"{plugin: noise, fields: [x0, low]}", "{plugin: dequantise, fields: [x0, low]}"})
    CHECK(says(message_of([&] { make<noneq::transform>(yaml); }),
               "fields: got [x0, low], which would all get the same noise, need one field, and a node for each other"));
}

TEST_CASE("permute: each row keeps its numbers, in an order of its own") {
  const Tensor x = at::arange(60, at::kFloat).view({1, 3, 20}).repeat({500, 1, 1}), y = spoilt("permute", x).at("x0");
  CHECK(std::get<0>(y.flatten(1).sort(1)).equal(x.flatten(1)));
  CHECK_FALSE(y[0].equal(y[1]));
  // Each number is as likely at each place: the mean of a place is that of the row.
  for (const std::int64_t place : {0, 17, 59}) CHECK(testing::mean_is(y.flatten(1).select(1, place), 29.5));
}

TEST_CASE("median: that of the square around, mirrored at the edges, of numbers of any type") {
  const Tensor x = at::tensor({5, 1, 9, 2, 8, 3, 7, 4, 6}, at::kInt).view({1, 3, 3});
  for (const at::ScalarType type : {at::kByte, at::kInt, at::kFloat, at::kDouble}) {
    const Tensor y = spoilt("median", x.to(type)).at("x0");
    CHECK((y.scalar_type() == type));
    CHECK(y[0][1][1].item<int>() == 5);
    CHECK(y[0][0][0].item<int>() == 5);  // of 8 2 8, 1 5 1, 8 2 8
    CHECK(y[0][0][1].item<int>() == 3);  // of 2 8 3, 5 1 9, 2 8 3
  }
  const Tensor ramp = at::arange(64, at::kFloat).view({1, 8, 8});
  CHECK(spoilt("median", ramp).at("x0").slice(1, 1, 7).slice(2, 1, 7).equal(ramp.slice(1, 1, 7).slice(2, 1, 7)));
  Tensor salted = at::ones({1, 1, 9, 9});
  salted[0][0][4][4] = 100;
  CHECK(spoilt("median", salted).at("x0").equal(at::ones({1, 1, 9, 9})));
  CHECK(spoilt("{plugin: median, width: 1}", x).at("x0").equal(x));
  CHECK(says(message_of([] { make<noneq::transform>("{plugin: median, width: 4}"); }), "width: got 4, need an odd"));
}

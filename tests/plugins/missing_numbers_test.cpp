// Transforms of data in which numbers are missing: NaN stays where it is, and nothing is learned from it.
#include <cmath>

#include "make.hpp"
#include "noneq/plugin/roles/transform.hpp"
#include "plugins/message.hpp"

using noneq::Tensor;
using testing::make;
using testing::message_of;
using testing::says;

namespace {

constexpr double unobserved = std::numeric_limits<double>::quiet_NaN();

noneq::dataset_info data_of(const noneq::sizes& shape, std::int64_t rows) {
  noneq::dataset_info info;
  info.shape = shape;
  info.count = rows;
  return info;
}

Tensor run_alone(const std::string& yaml, const Tensor& x) {
  const auto t = make<noneq::transform>(yaml);
  if (t->learns()) {
    const noneq::batch rows{0, 0, {{"x0", x}}};
    t->look(rows, {});
    t->learned(data_of(x.sizes().slice(1).vec(), x.size(0)));
  }
  return t->run({0, 0, {{"x0", x}}}, {}).at("x0");
}

}

TEST_CASE("missing numbers stay missing, and nothing else becomes so") {
  const Tensor x = at::tensor({1., 2., unobserved, 4., 5., 6.}).to(at::kFloat).view({2, 1, 3});
  const Tensor whole = x.nan_to_num(3);
  for (const char* yaml :
       {"{plugin: range, values: [0, 8]}", "{plugin: clip, low: 2, high: 5}", "{plugin: log, shift: 1}",
        "{plugin: channels, from: last}", "{plugin: flip, axis: -1}", "{plugin: crop, size: [1, 3]}",
        "{plugin: standardise}", "{plugin: standardise, per: channel}", "dequantise", "noise", "hide",
        "{plugin: median, width: 1}"}) {
    CAPTURE(yaml);
    const Tensor y = run_alone(yaml, x), z = run_alone(yaml, whole);
    CHECK(y.isnan().sum().item<std::int64_t>() == 1);
    CHECK_FALSE(z.isnan().any().item<bool>());
    CHECK(y.isnan().flatten()[2].item<bool>());
    const std::string plugin = yaml;
    if (plugin.find("standardise") == plugin.npos) CHECK(y.nan_to_num(0).equal(z.masked_fill(y.isnan(), 0)));
  }
  CHECK(says(message_of([&] { run_alone("{plugin: log, shift: -3}", x); }), "got 1 in row 0"));
  CHECK(says(message_of([&] { run_alone("dequantise", x + 0.5); }), "got 1.5 in row 0, need integers"));
  noneq::dataset_info missing = data_of({3}, 2);
  missing.missing = true;
  CHECK(says(message_of([&] { make<noneq::transform>("{plugin: one_hot, categories: 3}")->after(missing); }),
             "may have missing numbers, which are of no category"));
}

TEST_CASE("standardise learns from observed numbers only, whatever the blocks") {
  const Tensor x = noneq::stream(3).normal({400, 2, 5}) * 3 + 7, holes = noneq::stream(4).uniform({400, 2, 5}) < 0.4;
  const Tensor seen = x.masked_fill(holes, unobserved);
  for (const char* per : {"all", "channel", "dim"}) {
    CAPTURE(per);
    const auto t = make<noneq::transform>(std::string("{plugin: standardise, per: ") + per + "}");
    for (std::int64_t k = 0; k < 400; k += 80) t->look({0, k, {{"x0", seen.narrow(0, k, 80)}}}, {});
    t->learned(data_of({2, 5}, 400));
    const Tensor y = t->run({0, 0, {{"x0", seen}}}, {}).at("x0").to(at::kDouble);
    CHECK(y.isnan().equal(holes));
    const std::vector<std::int64_t> over = std::string(per) == "all"       ? std::vector<std::int64_t>{0, 1, 2}
                                           : std::string(per) == "channel" ? std::vector<std::int64_t>{0, 2}
                                                                           : std::vector<std::int64_t>{0};
    CHECK(y.nanmean(over).abs().max().item<double>() < 1e-6);
    CHECK((y.square().nanmean(over) - 1).abs().max().item<double>() < 1e-5);
  }
  // A position that is never observed has the scale of its neighbours, and nothing observed at all is refused.
  Tensor never = seen.clone();
  never.select(2, 1).fill_(unobserved);
  const Tensor y = run_alone("{plugin: standardise, per: dim}", never);
  CHECK(y.select(2, 1).isnan().all().item<bool>());
  CHECK(y.select(2, 0).nanmean().abs().item<double>() < 1e-5);
  CHECK(says(message_of([&] { run_alone("standardise", at::full({3, 2}, unobserved)); }), "has no observed number"));
  CHECK(says(message_of([&] {
               run_alone("standardise", at::tensor({1., INFINITY, unobserved}).view({3, 1}));
             }),
             "got an infinite number in row 1"));
}

TEST_CASE("permute takes missing numbers along, and median leaves them out of the squares around others") {
  const Tensor x = at::arange(48, at::kFloat).view({2, 1, 4, 6}), y = x.clone();
  y[1][0][2][3] = unobserved;
  CHECK(run_alone("permute", y).isnan().flatten(1).sum(1).equal(at::tensor({0, 1}, at::kLong)));
  const Tensor whole = run_alone("median", x), holed = run_alone("median", y);
  CHECK(holed.isnan().equal(y.isnan()));
  CHECK(holed[0].equal(whole[0]));
  // Around (2, 2) of the second row 39 is missing among 31 … 45: of the eight others 37 is the fourth.
  CHECK(holed[1][0][2][2].item<float>() == 37);
}

TEST_CASE("resize takes the mean over what was observed, where that is half at least") {
  const Tensor x =
      at::tensor({1., 3., unobserved, 5., unobserved, unobserved, 2., 4.}).to(at::kFloat).view({1, 1, 2, 4});
  const Tensor half = run_alone("{plugin: resize, size: [2, 2]}", x);
  CHECK(half.isnan().flatten().equal(at::tensor({0, 0, 1, 0}).to(at::kBool)));
  CHECK(half.nan_to_num(0).flatten().equal(at::tensor({2.f, 5.f, 0.f, 3.f})));
  // One of the two rows of the left half was observed: half of its area.
  CHECK(run_alone("{plugin: resize, size: [1, 2]}", x).flatten().equal(at::tensor({2.f, (5.f + 2 + 4) / 3})));
}

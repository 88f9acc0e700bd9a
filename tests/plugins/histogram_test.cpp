// Histograms of two tensors and the area under the curve between them, against closed forms.
#include "plugins/message.hpp"
#include "verifying.hpp"

using noneq::Tensor;
using namespace testing;

TEST_CASE("a histogram counts each row once, in bins from the smallest to the largest number") {
  const Tensor x = at::tensor({0., 1., 1., 9.9}, at::kDouble), y = at::tensor({10., 4.9, 5., 3.}, at::kDouble);
  const found r = verify("{plugin: histogram, bins: 2}", x, y);
  CHECK(at::equal(r.arrays.at("value"), at::tensor({2.5, 7.5}, at::kDouble)));
  CHECK(at::equal(r.arrays.at("of_samples"), at::tensor({3., 1.}, at::kDouble)));
  CHECK(at::equal(r.arrays.at("of_truth"), at::tensor({2., 2.}, at::kDouble)));
  CHECK(r.at("mean_of_samples").value == doctest::Approx(11.9 / 4));
  CHECK(r.at("mean_of_truth").value == doctest::Approx(22.9 / 4));
  CHECK(r.at("area_under_curve").value == doctest::Approx(3. / 16));  // 9.9 beats three of four
  // Half of the numbers lie beyond the bins: 0, 1 | 1, 3, 4.9, 5 | 9.9, 10.
  const found tails = verify("{plugin: histogram, bins: 2, tails: 0.6}", x, y);
  CHECK(at::equal(tails.arrays.at("value"), at::tensor({2., 4.}, at::kDouble)));
  CHECK(at::equal(tails.arrays.at("of_samples"), at::tensor({3., 1.}, at::kDouble)));
  CHECK(at::equal(tails.arrays.at("of_truth"), at::tensor({0., 4.}, at::kDouble)));
  const found ties = verify("histogram", at::zeros({6}), at::zeros({6}));
  CHECK(ties.at("area_under_curve").value == 0.5);
}

TEST_CASE("the area under the curve of Gaussian scores is Φ(d/√2), and varies as stated, paired or not") {
  constexpr double d = 0.7;
  const double expected = (1 + std::erf(d / 2)) / 2;
  CHECK(is_near(verify("histogram", d + gaussian(1, {20000}), gaussian(2, {20000})).at("area_under_curve"), expected));
  constexpr int sets = 200;
  for (const double correlation : {0., 0.8, -0.6}) {
    CAPTURE(correlation);
    double squares = 0, stated = 0;
    for (std::uint64_t k = 0; k < sets; ++k) {
      const Tensor y = gaussian(100 + k, {150}),
                   x = d + correlation * y + std::sqrt(1 - correlation * correlation) * gaussian(900 + k, {150});
      const auto area = verify("histogram", x, y).at("area_under_curve");
      squares += std::pow(area.value - expected, 2) / sets;
      stated += std::pow(area.standard_error, 2) / sets;
    }
    CHECK(squares / stated == doctest::Approx(1).epsilon(4 * std::sqrt(2. / sets)));
  }
}

TEST_CASE("rows whose truth is missing are in no histogram, whatever stands there and whatever the batches") {
  const Tensor x = gaussian(3, {50, 1}), y = gaussian(4, {50, 1}), mask = noneq::stream(5).uniform({50, 1}).gt(0.4);
  const Tensor there = mask.squeeze(1).nonzero().squeeze(1);
  const found some = verify("histogram", x.index_select(0, there), y.index_select(0, there)),
              masked =
                  verify("histogram", at::where(mask, x, std::nan("")), at::where(mask, y, 0.), mask.to(at::kFloat), 7);
  for (const auto& m : some.records) {
    CHECK(masked.at(m.name).value == m.value);
    CHECK(masked.at(m.name).n == there.size(0));
  }
  CHECK(at::equal(masked.arrays.at("of_truth"), some.arrays.at("of_truth")));
  CHECK(says(message_of([&] { verify("histogram", x, y, at::zeros({50, 1})); }), "of which no number was observed"));
  CHECK(says(message_of([&] { verify("histogram", x / 0, y); }), "got samples that are not finite in row 0"));
  CHECK(says(message_of([&] {
               verify("histogram", gaussian(3, {50, 2}), y);
             }),
             "got samples [50, 2] of 50 rows, need one number a row"));
}

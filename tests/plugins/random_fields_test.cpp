// Random fields: their variance and spectrum, their means over blocks, and the parts that are not observed.
#include "doctest.hpp"
#include "plugins/make.hpp"

namespace {

using noneq::Tensor;
using testing::make;

noneq::batch fields_of(const std::string& parameters, std::int64_t count, std::int64_t first = 0) {
  const auto loader = make<noneq::loader>("{plugin: random_fields, " + parameters + "}");
  return loader->open(std::nullopt, noneq::stream(7))->fetch_rows(first, count);
}

}

TEST_CASE("random fields have the stated deviations and correlation, and block means as low") {
  const noneq::batch b =
      fields_of("size: [16, 32], skew: 0, scale: [10, 1e-5], offset: [280, 2e-5], correlation: 0.5", 2000);
  const Tensor x = b.at("x0").to(at::kDouble);
  CHECK(x.sizes() == at::IntArrayRef({2000, 2, 16, 32}));
  // Positions of a field depend on one another, so the errors are taken over rows.
  const Tensor g = (x - at::tensor({280., 2e-5}, at::kDouble).view({2, 1, 1})) /
                   at::tensor({10., 1e-5}, at::kDouble).view({2, 1, 1});
  const Tensor square = g.square().mean({2, 3}), product = (g.select(1, 0) * g.select(1, 1)).mean({1, 2});
  for (int c = 0; c < 2; ++c) {
    const Tensor of = square.select(1, c);
    CHECK(std::abs(of.mean().item<double>() - 1) < 5 * of.std().item<double>() / std::sqrt(2000.));
  }
  CHECK(std::abs(product.mean().item<double>() - 0.5) < 5 * product.std().item<double>() / std::sqrt(2000.));
  CHECK(at::allclose(b.at("low"), at::avg_pool2d(b.at("x0"), 4), 1e-5, 1e-10));
}

TEST_CASE("random fields are periodic along the width alone, and their power falls with the wavenumber") {
  const Tensor x =
      fields_of("size: [32, 32], skew: 0, scale: 1, offset: 0, slope: 4, longest: 32", 500).at("x0").select(1, 0);
  const auto step = [](const Tensor& a, const Tensor& b) { return (a - b).square().mean().item<double>(); };
  CHECK(step(x.select(2, 0), x.select(2, 31)) == doctest::Approx(step(x.select(2, 10), x.select(2, 11))).epsilon(0.2));
  CHECK(step(x.select(1, 0), x.select(1, 31)) > 5 * step(x.select(1, 10), x.select(1, 11)));
  // Along one axis the power of an isotropic field of slope 4 falls as k^−3: from wavenumber 4 to 8 by a factor of 8.
  const Tensor power = at::fft_rfft(x, c10::nullopt, 2).abs().square().flatten(0, 1).mean(0);
  CHECK((power[4] / power[8]).item<double>() == doctest::Approx(8).epsilon(0.3));
}

TEST_CASE("a row of random fields depends on its number alone, and the stated share of it is missing") {
  const std::string parameters = "size: [16, 16], missing: 0.3";
  const noneq::batch all = fields_of(parameters, 12), part = fields_of(parameters, 5, 4);
  CHECK(at::equal(all.at("low").slice(0, 4, 9), part.at("low")));
  CHECK(at::equal(all.at("x0").isnan().slice(0, 4, 9), part.at("x0").isnan()));
  const Tensor missing = all.at("x0").isnan();
  CHECK(at::equal(missing.select(1, 0), missing.select(1, 1)));
  for (const double stated : {0.01, 0.05, 0.3, 0.9}) {
    CAPTURE(stated);
    const Tensor gaps = fields_of(c10::str("size: [16, 16], missing: ", stated), 200).at("x0").isnan();
    const Tensor share = gaps.to(at::kDouble).mean({1, 2, 3});
    CHECK((share - stated).abs().max().item<double>() <= 0.5 / 256);
    CHECK_FALSE(gaps[0].equal(gaps[1]));
  }
}

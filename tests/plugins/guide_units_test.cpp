// Guides of data whose channels differ in scale by a million, and of networks that are a little wrong.
#include "wrong_network.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using namespace testing;

namespace {

// Temperature and water: 280 ± 15, and 3·10⁻⁵ ± 10⁻⁵.
noneq::normalisation two_scales(std::int64_t dims) {
  sizes shape(static_cast<std::size_t>(dims), 1);
  shape[0] = 2;
  return {at::tensor({280., 3e-5}, at::kDouble).view(shape), at::tensor({15., 1e-5}, at::kDouble).view(shape)};
}

Tensor in_data_units(const Tensor& u, const noneq::normalisation& n) { return u.to(at::kDouble) * n.scale + n.shift; }

// 4×4 pixels of two channels, each pixel by itself, the channels correlated by 0.8.
noneq::denoiser two_channels() {
  const Tensor each = at::tensor({1., 0.8, 0.8, 1.}, at::kDouble).view({2, 2});
  const auto flat = correlated(linear("x0"), at::zeros({2}, at::kDouble), each);
  return make_denoiser(linear("x0"), [flat](const noneq::network_input& in) {
    const Tensor pixels = in.x.permute({0, 2, 3, 1}).reshape({-1, 2});
    const Tensor t = in.t.repeat_interleave(16);
    return flat.network().forward({pixels, t, {}, {}}).view({-1, 4, 4, 2}).permute({0, 3, 1, 2});
  });
}

}

TEST_CASE("channels of scale 15 and 1e-5 are both met, and the rest is drawn given both") {
  const auto d = two_channels();
  const std::int64_t count = 800;
  auto r = request(count, {2, 4, 4});
  r.normal = two_scales(3);
  Tensor missed;
  r.missed = [&](const Tensor& by) { missed = by; };
  const auto average = [](const Tensor& x) { return at::avg_pool2d(x, {2, 2}); };
  const Tensor blocks = stream(1).normal({1, 2, 2, 2}).to(at::kDouble);
  // One channel of one pixel known, in units of the model: 1.5 of the first, −0.5 of the second somewhere else.
  Tensor mask = at::zeros({1, 2, 4, 4}), values = at::zeros({1, 2, 4, 4}, at::kDouble);
  mask[0][0][1][1] = 1, values[0][0][1][1] = 1.5, mask[0][1][2][2] = 1, values[0][1][2][2] = -0.5;
  const given file(
      {{"blocks", in_data_units(blocks, r.normal)}, {"mask", mask}, {"values", in_data_units(values, r.normal)}});
  const std::string coarse =
      file.guide("linear_observation", ", observation: blocks, operator: downsample, factor: 2, deviation: 0");
  const std::string sampler = "{plugin: ddim, steps: 40, guides: ";
  const Tensor x = file.draw(sampler + coarse + "}", d, r);
  CHECK(largest(average(x) - blocks) < 1e-5);
  CHECK(missed.max().item<double>() < 1e-4);
  // White pixels given their block's mean: that mean, and ¾ of the variance in either channel.
  const double error = 4 / std::sqrt(static_cast<double>(count));
  CHECK(largest(x.mean(0) - at::upsample_nearest2d(blocks, {4, 4})[0]) < error);
  CHECK(largest(x.var(0) / 0.75 - 1) < error * std::sqrt(2.) + 0.05);

  const Tensor known = file.draw(sampler + file.guide("known_values") + "}", d, r);
  CHECK(largest((known - values).masked_select(mask == 1)) < 1e-5);
  const auto at_pixel = [&](std::int64_t c, std::int64_t i) { return known.select(1, c).select(1, i).select(1, i); };
  CHECK(std::abs(at_pixel(1, 1).mean().item<double>() - 0.8 * 1.5) < error * 0.6 + 0.01);
  CHECK(std::abs(at_pixel(0, 2).mean().item<double>() - 0.8 * -0.5) < error * 0.6 + 0.01);
  CHECK(std::abs(at_pixel(1, 1).var().item<double>() / 0.36 - 1) < error * std::sqrt(2.) + 0.05);
}

TEST_CASE("rows of a matrix in any unit are met") {
  const Tensor a = at::tensor({1., 0., 0.5, 2e6}, at::kDouble).view({2, 2});
  auto r = request(50, {2});
  r.normal = two_scales(1);
  const Tensor u = stream(2).normal({50, 2});
  const given file({{"matrix", a}, {"observation", at::matmul(in_data_units(u, r.normal), a.t())}});
  const auto d = correlated(linear("x0"), at::zeros({2}, at::kDouble), at::eye(2, at::kDouble));
  const Tensor x =
      file.draw("{plugin: ddim, steps: 20, guides: " + file.guide("linear_observation", ", deviation: 0") + "}", d, r);
  CHECK(largest(x - u) < 1e-4);
}

TEST_CASE("a deviation for each channel") {
  // Data N(0, 1) in units of the model, seen as 1 with noise of ½ and of 2: means 0.8 and 0.2, variances likewise.
  auto r = request(1500, {2, 1});
  r.normal = two_scales(2);
  const given file({{"observation", in_data_units(at::ones({1, 2, 1}), r.normal)},
                    {"mask", at::ones({1, 2, 1})},
                    {"values", in_data_units(at::ones({1, 2, 1}), r.normal)}});
  const auto d = gaussian_denoiser(linear(), at::zeros({2, 1}), at::ones({2, 1}));
  const double error = 4 / std::sqrt(1500.);
  const auto law = [&](const std::string& guide, double share, double first_share) {
    CAPTURE(guide);
    const Tensor x = file.draw("{plugin: ddim, steps: 50, guides: " + guide + "}", d, r).squeeze(2);
    const Tensor kept = at::tensor({first_share, share}, at::kDouble);  // of the prior's variance
    CHECK(largest(x.mean(0) - (1 - kept)) < error);
    CHECK(largest(x.var(0) - kept) < error * std::sqrt(2.) + 0.02);
  };
  const std::string half_and_two = ", deviation: [7.5, 2.0e-5]", none_and_two = ", deviation: [0, 2.0e-5]";
  law(file.guide("gaussian_observation", half_and_two), 0.8, 0.2);
  law(file.guide("known_values", half_and_two), 0.8, 0.2);
  law(file.guide("linear_observation", ", operator: blur, width: 0.01" + half_and_two), 0.8, 0.2);
  law(file.guide("known_values", none_and_two), 0.8, 0);
  law(file.guide("linear_observation", ", operator: blur, width: 0.01" + none_and_two), 0.8, 0);
  for (const char* plugin : {"gaussian_observation", "known_values"})
    CHECK(says_all(message_of([&] {
                     file.draw("{plugin: ddim, guides: " + file.guide(plugin, ", deviation: [1, 2, 3]") + "}", d, r);
                   }),
                   {"deviation", "got 3 numbers", "[2, 1]", "need 1, or 2"}));
}

TEST_CASE("what a sampler loses of what is certain is told, and nothing where it loses nothing") {
  const given file({{"mask", at::tensor({1., 0.}).view({1, 2})}, {"values", at::tensor({2., 0.}).view({1, 2})}});
  const auto d = gaussian_denoiser(linear("epsilon", 50), at::zeros({2}), at::ones({2}));
  auto r = request(3, {2});
  Tensor missed;
  r.missed = [&](const Tensor& by) { missed = by; };
  const std::string known = file.guide("known_values"), noisy = file.guide("known_values", ", deviation: 0.1");
  file.draw("{plugin: ddim, guides: [" + known + ", " + noisy + "]}", d, r);
  CHECK(missed.sizes().vec() == sizes{3});
  CHECK(missed.max().item<double>() < 1e-5);
  file.draw("{plugin: ddim, clip: true, guides: " + known + "}", d, r);
  CHECK(missed.min().item<double>() > 0.1);
  missed = Tensor();
  file.draw("{plugin: ddim, guides: " + noisy + "}", d, r);
  CHECK(!missed.defined());
}

TEST_CASE("guides that repeat each other change little") {
  // N(0, 1) seen as 1 with variance 1 twice: 2/3 is right, 1 would count both as if the other were not.
  const given file({{"observation", at::ones({1, 1})}, {"mask", at::ones({1, 1})}, {"values", at::ones({1, 1})}});
  const auto d = gaussian_denoiser(linear(), at::zeros({1}), at::ones({1}));
  const std::string seen = file.guide("gaussian_observation", ", deviation: 1"), known = file.guide("known_values");
  const auto mean = [&](const std::string& guides) {
    return file.draw("{plugin: ddim, steps: 50, guides: [" + guides + "]}", d, request(4000, {1}))
        .mean()
        .item<double>();
  };
  CHECK(mean(seen + ", " + seen) > 0.6);
  CHECK(mean(seen + ", " + seen) < 0.8);
  CHECK(mean(known + ", " + known) == doctest::Approx(1));
}

TEST_CASE("a network that is a little wrong leads no sample away by its derivative") {
  const sizes row{16, wrong_numbers};
  const Tensor x = at::matmul(stream(7).normal(row).to(at::kDouble), at::linalg_cholesky(falling_covariance()).t());
  Tensor one = at::zeros({1, wrong_numbers});
  one[0][2] = 1;
  const given file({{"mask", one}, {"values", x}, {"observation", x}, {"sum", x.sum(1, true)}});
  const double observed = largest(x);
  for (const char* deviation : {"0", "0.1"}) {
    const std::string s = std::string(", deviation: ") + deviation;
    leads_no_sample_away(file, file.guide("known_values", s), observed);
    leads_no_sample_away(file, file.guide("linear_observation", ", operator: sum, observation: sum" + s), observed);
  }
  leads_no_sample_away(file, file.guide("gaussian_observation", ", deviation: 0.5"), observed);
}

// Whether an ensemble is calibrated: ranks, reliability, spectra, against closed forms; and statistics of members.
#include "plugins/message.hpp"
#include "verifying.hpp"

using noneq::Tensor;
using namespace testing;

namespace {

Tensor sine(std::int64_t H, std::int64_t W, double k) {
  return (at::arange(W, at::kDouble) * (2 * M_PI * k / static_cast<double>(W))).cos().expand({H, W});
}

}

TEST_CASE("ranks of exchangeable members are flat, those of a narrow ensemble a U, of a wide one a hill") {
  for (const std::int64_t K : {2, 4, 16}) {
    CAPTURE(K);
    const Tensor y = gaussian(1, {3000, 2});
    const auto of = [&](double s) { return verify("rank_histogram", s * gaussian(2, {3000, K, 2}), y); };
    const found flat = of(1), narrow = of(0.4), wide = of(2.5);
    CHECK(flat.at("rank_p_value").value > 1e-3);
    CHECK(flat.at("rank_degrees_of_freedom").value == doctest::Approx(K).epsilon(0.05));  // two independent places
    const Tensor off = (flat.arrays.at("share") - 1 / static_cast<double>(K + 1)) / flat.arrays.at("share_stderr");
    CHECK(largest(off) < 4);
    CHECK(is_near(flat.at("rank_ends"), 1));
    CHECK(narrow.at("rank_p_value").value < 1e-12);
    CHECK(narrow.at("rank_ends").value > 1 + 20 * narrow.at("rank_ends").standard_error);
    const Tensor u = narrow.arrays.at("share");
    CHECK(u[0].item<double>() > u[K / 2].item<double>());
    CHECK(u[K].item<double>() > u[K / 2].item<double>());
    CHECK(wide.at("rank_ends").value < 1 - 20 * wide.at("rank_ends").standard_error);
  }
}

TEST_CASE("ties are broken at random: constant members and truth have flat ranks") {
  const found r = verify("rank_histogram", at::zeros({5000, 3, 1}), at::zeros({5000, 1}));
  CHECK(r.at("rank_p_value").value > 1e-3);
  CHECK(largest(r.arrays.at("share") - 0.25) < 4 * std::sqrt(0.25 * 0.75 / 5000));
}

TEST_CASE("χ² of single places is Pearson's, and copies of a place do not count twice") {
  const Tensor x = gaussian(3, {500, 2, 1}), y = 1.3 * gaussian(4, {500, 1});
  const found r = verify("rank_histogram", x, y);
  const Tensor counts = 500 * r.arrays.at("share");
  const double pearson = ((counts - 500. / 3).square() / (500. / 3)).sum().item<double>();
  CHECK(r.at("rank_design_effect").value == doctest::Approx(1).epsilon(1e-9));
  CHECK(r.at("rank_chi_square").value == doctest::Approx(pearson).epsilon(1e-9));
  CHECK(r.at("rank_p_value").value == doctest::Approx(std::exp(-pearson / 2)).epsilon(1e-9));  // two degrees
  const found copies = verify("rank_histogram", x.expand({500, 2, 40}), y.expand({500, 40}));
  CHECK(copies.at("rank_design_effect").value == doctest::Approx(40).epsilon(1e-9));
  CHECK(copies.at("rank_chi_square").value == doctest::Approx(pearson).epsilon(1e-9));
  CHECK(copies.at("rank_degrees_of_freedom").value == doctest::Approx(2).epsilon(1e-9));
}

TEST_CASE("p values of flat ranks are uniform, of smooth fields and of rows that share much of their variance") {
  constexpr int sets = 300;
  const Tensor k = at::arange(9, at::kDouble), s = at::arange(48, at::kDouble) * (2 * M_PI / 48);
  const auto smooth = [&](std::uint64_t seed, noneq::sizes shape) {  // nine waves, the long ones the highest
    shape.push_back(9);
    const Tensor height = (k + 1).pow(-1.5);
    return (gaussian(seed, shape) * height).matmul(k.outer(s).cos()) +
           (gaussian(seed + 50000, shape) * height).matmul(k.outer(s).sin());
  };
  const auto alike = [](std::uint64_t seed, noneq::sizes shape) {
    shape.push_back(1);
    const Tensor shared = gaussian(seed + 50000, shape);
    shape.back() = 12;
    return std::sqrt(0.2) * gaussian(seed, shape) + std::sqrt(0.8) * shared;
  };
  const auto check_uniform = [&](const auto& field, std::int64_t K) {
    CAPTURE(K);
    std::map<double, int> below{{0.01, 0}, {0.1, 0}, {0.5, 0}};
    for (std::uint64_t seed = 0; seed < sets; ++seed) {
      const auto r = verify("rank_histogram", field(10000 + seed, {80, K}), field(20000 + seed, {80}));
      for (auto& [p, count] : below) count += r.at("rank_p_value").value < p;
    }
    for (const auto& [p, count] : below)
      CHECK(std::abs(static_cast<double>(count) / sets - p) < 4 * std::sqrt(p * (1 - p) / sets) + 0.01);
  };
  check_uniform(smooth, 3);
  check_uniform(smooth, 16);
  check_uniform(alike, 3);
}

TEST_CASE("the spectrum of a sine is one line, and powers add up to the variance") {
  const Tensor wave = (3 * sine(8, 32, 5) + 2e-3 * sine(8, 32, 12)).view({1, 1, 8, 32}).expand({4, 1, 8, 32});
  const found r = verify("spectrum", wave, wave);
  const Tensor power = r.arrays.at("truth");
  CHECK(power[4].item<double>() == doctest::Approx(4.5).epsilon(1e-12));
  CHECK(power[11].item<double>() == doctest::Approx(2e-6).epsilon(1e-12));
  CHECK(power.sum().item<double>() == doctest::Approx(4.5 + 2e-6).epsilon(1e-12));
  CHECK(at::equal(r.arrays.at("wavenumber"), at::arange(power.size(0), at::kDouble) + 1));
  // Along the shorter side, one wave over 8 places is as short as four over 32.
  const Tensor across = (sine(32, 8, 1).t() + 1e-3 * sine(8, 32, 10)).contiguous().view({1, 1, 8, 32});
  CHECK(verify("spectrum", across, across + 1).arrays.at("members")[3].item<double>() == doctest::Approx(0.5));
  // Rounding is no power.
  const Tensor alone = (3 * sine(8, 32, 5)).view({1, 1, 8, 32});
  for (const Tensor& truth : {alone, alone.to(at::kFloat).to(at::kDouble)})
    CHECK_THROWS_WITH(verify("spectrum", truth, truth),
                      "got a truth without power at small scales, need fields that vary there");
  for (const noneq::sizes& shape : {noneq::sizes{9, 2, 12, 10}, {9, 3, 15}, {9, 16}}) {
    const Tensor y = gaussian(5, shape);
    noneq::sizes of_members = shape;
    of_members.insert(of_members.begin() + 1, 3);
    const Tensor x = 0.5 * gaussian(6, of_members);
    const found s = verify("spectrum", x, y);
    const auto variance = [&](const Tensor& fields) {  // mean over fields, sum over channels
      const std::int64_t first = shape.size() == 4 ? -2 : -1;
      const Tensor of_each = fields.flatten(first).var(-1, false);
      return of_each.mean().item<double>() * (shape.size() > 2 ? static_cast<double>(shape[1]) : 1);
    };
    CHECK(s.arrays.at("truth").sum().item<double>() == doctest::Approx(variance(y)).epsilon(1e-12));
    CHECK(s.arrays.at("members_of_channels").sum().item<double>() == doctest::Approx(variance(x)).epsilon(1e-12));
    CHECK(is_near(s.at("power_small_scales"), 0.25));
    CHECK(is_near(s.at("power_large_scales"), 0.25));
  }
}

TEST_CASE("along lines the powers of a channel add up to the mean variance of its lines, and planes have no channels") {
  const Tensor y = gaussian(13, {9, 3, 6, 10}), x = gaussian(14, {9, 4, 3, 6, 10});
  const auto of_lines = [](const Tensor& fields, std::int64_t channels) {  // the mean over rows and lines: [C]
    return fields.var(-1, false).transpose(0, channels).flatten(1).mean(1);
  };
  const found r = verify("{plugin: spectrum, dims: 1}", x, y);
  CHECK(r.arrays.at("truth_of_channels").sizes() == at::IntArrayRef({3, 5}));
  CHECK(at::allclose(r.arrays.at("truth_of_channels").sum(1), of_lines(y, 1), 1e-12));
  CHECK(at::allclose(r.arrays.at("members_of_channels").sum(1), of_lines(x, 2), 1e-12));
  CHECK(r.arrays.at("truth").sum().item<double>() == doctest::Approx(of_lines(y, 1).sum().item<double>()));
  const found last = verify("{plugin: spectrum, dims: 1, channel: 2}", x, y);
  CHECK(at::allclose(last.arrays.at("members"), r.arrays.at("members_of_channels")[2]));
  CHECK(says(message_of([&] { verify("{plugin: spectrum, dims: 1, channel: 3}", x, y); }),
             "channel: got 3 for samples of shape [3, 6, 10], need -1 for all, or 0 to 2"));
  // Two dimensions of space are all that a plane has.
  const Tensor plane = y.select(1, 0), members = x.select(2, 0);
  const found whole = verify("{plugin: spectrum, dims: 2}", members, plane);
  CHECK(whole.arrays.at("truth_of_channels").size(0) == 1);
  CHECK(whole.arrays.at("truth").sum().item<double>() ==
        doctest::Approx(plane.flatten(1).var(1, false).mean().item<double>()).epsilon(1e-12));
  CHECK(says(message_of([&] { verify("{plugin: spectrum, dims: 2, channel: 3}", members, plane); }),
             "channel: got 3 for samples of shape [6, 10], need -1: they have no channels"));
}

TEST_CASE("a channel of the spectrum is that channel, and rows with gaps are left out") {
  const Tensor y = gaussian(7, {20, 2, 8, 8}), x = gaussian(8, {20, 3, 2, 8, 8});
  const auto of_channel = verify("{plugin: spectrum, channel: 1}", x, y);
  const auto alone = verify("spectrum", x.slice(2, 1, 2), y.slice(1, 1, 2));
  CHECK(at::allclose(of_channel.arrays.at("members"), alone.arrays.at("members")));
  CHECK(of_channel.at("power_small_scales").value == doctest::Approx(alone.at("power_small_scales").value));
  Tensor mask = at::ones({20, 2, 8, 8});
  mask.slice(0, 12).select(1, 0).select(1, 3).fill_(0);
  const auto whole = verify("spectrum", x, y, mask), first = verify("spectrum", x.slice(0, 0, 12), y.slice(0, 0, 12));
  CHECK(at::equal(whole.arrays.at("truth"), first.arrays.at("truth")));
  CHECK(whole.at("power_small_scales").n == 12);
}

TEST_CASE("events of a calibrated ensemble happen as often as forecast, and the Brier score is the sum of its parts") {
  // The forecaster knows m ~ N(0,1) of m + N(0,1): the event's probability is uniform on [0,1], so the number of
  // members above 0 is uniform on 0 … K and the event happens with probability (k+1)/(K+2) (Laplace's rule of
  // succession).
  for (const std::int64_t K : {2, 16}) {
    CAPTURE(K);
    const Tensor mean = gaussian(9, {4000, 2}), y = mean + gaussian(10, {4000, 2}),
                 x = mean.unsqueeze(1) + gaussian(11, {4000, K, 2});
    const found r = verify("{plugin: reliability, thresholds: [0, 1.5]}", x, y);
    const Tensor k = at::arange(K + 1, at::kDouble), &observed = r.arrays.at("observed_of_thresholds")[0];
    const Tensor forecasts = verify("{plugin: reliability, thresholds: [0]}", x, y).arrays.at("forecasts");
    const auto M = static_cast<double>(K);
    CHECK(largest(forecasts - 1 / (M + 1)) < 5 * std::sqrt(1 / (M + 1) / 8000));
    CHECK(largest((observed - (k + 1) / (M + 2)) * std::sqrt(8000 / (M + 1))) < 4 * 0.5);
    for (const std::string t : {"_above_0", "_above_1.5"})
      CHECK(r.at("brier" + t).value == doctest::Approx(r.at("reliability" + t).value - r.at("resolution" + t).value +
                                                       r.at("uncertainty" + t).value)
                                           .epsilon(1e-12));
    CHECK(is_near(r.at("brier_above_0"), 1. / 6 + 1 / (6 * M)));  // E[p(1−p)](1 + 1/K), p uniform
    // The mean square of k/K − (k+1)/(K+2) over equal shares, and what chance adds to it.
    CHECK(r.at("reliability_above_0").value ==
          doctest::Approx(1 / (3 * M * (M + 2)) + (M + 1) / 6 / 8000).epsilon(0.2));
  }
}

TEST_CASE("arrays along an axis have its length") {
  const std::vector<noneq::named_tensor_doc> declared{{"rank", "", noneq::extent::axis},
                                                      {"share", "", noneq::extent::per_step}};
  const auto of = [&](std::int64_t shares) {
    return message_of([&] {
      noneq::check_returned_arrays("metric.mine", {0, 0, {{"rank", at::arange(4)}, {"share", at::zeros({shares})}}},
                                   declared, {3}, 40);
    });
  };
  CHECK(of(4) == "nothing was thrown");
  CHECK(says(of(40), "metric.mine returned 'share' of shape [40], need [4]"));
}

TEST_CASE("statistics of members, for each row by itself") {
  const Tensor x = gaussian(12, {7, 5, 2, 3}).to(at::kFloat);
  const noneq::instance node =
      make_instance("transform", "{plugin: members, keep: [mean, std, quantiles], quantiles: [0, 0.5, 1]}");
  const auto* of = dynamic_cast<const noneq::sample_transform*>(node.made.get());
  REQUIRE(of != nullptr);
  const noneq::batch made = of->run({0, 0, {{"samples", x}}});
  CHECK(at::allclose(made.at("mean"), x.mean(1)));
  CHECK(at::allclose(made.at("std"), x.std(1)));
  const Tensor sorted = std::get<0>(x.sort(1)), q = made.at("quantiles");
  CHECK(q.sizes() == at::IntArrayRef({7, 3, 2, 3}));
  for (const auto& [k, rank] : {std::pair{0, 0}, {1, 2}, {2, 4}})
    CHECK(at::equal(q.select(1, k), sorted.select(1, rank)));
  CHECK(at::equal(of->run({0, 3, {{"samples", x.slice(0, 3, 4)}}}).at("std"), made.at("std").slice(0, 3, 4)));
  CHECK(says(message_of([&] { of->run({0, 0, {{"samples", x.slice(1, 0, 1)}}}); }), "got 1 member a row"));
  // Samples of a sampler without members have channels where others have members.
  const noneq::instance mean = make_instance("transform", "{plugin: members, keep: [mean]}");
  const auto& only_mean = dynamic_cast<const noneq::sample_transform&>(*mean.made);
  CHECK(
      says(message_of([&] { only_mean.check_members(0); }), "got 0 members a row, need at least 1; give the sampler"));
  CHECK_NOTHROW(only_mean.check_members(1));
  CHECK(says(message_of([] { make_instance("transform", "{plugin: members, keep: [mean, std, mean]}"); }),
             "keep: got 'mean' twice"));
}

// The ceiling of known densities against closed forms and sums that share nothing with it.
#include <numbers>

#include "../../plugins/metrics/coarse_mixture.hpp"
#include "data_file.hpp"
#include "measuring.hpp"

using noneq::stream;
using noneq::Tensor;
using testing::make;
using testing::make_process;

namespace {

// Data of which nothing but the density is known.
struct known_density : noneq::source {
  noneq::dataset_info of;
  explicit known_density(noneq::mixture m) {
    of.shape = m.atoms.sizes().slice(1).vec();
    of.truth = std::move(m);
  }
  const noneq::dataset_info& info() const override { return of; }
  noneq::batch fetch(std::int64_t, const stream&) override { return {}; }
  noneq::batch fetch_rows(std::int64_t, std::int64_t) override { return {}; }
};

std::map<std::string, noneq::measured> measured_on(noneq::source& data, const noneq::process& p,
                                                   const std::string& yaml, std::uint64_t seed = 1) {
  const noneq::denoiser d = testing::make_denoiser(p, [](const noneq::network_input&) { return Tensor(); });
  std::map<std::string, noneq::measured> found;
  for (const auto& r : testing::measure(yaml, d, data, seed).records) found.insert({r.name, r});
  return found;
}

noneq::mixture roll(double noise) {
  return *make<noneq::loader>(c10::str("{plugin: swiss_roll, noise: ", noise, "}"))->open({}, stream(1))->info().truth;
}

// θ of n equal parts of the roll's curve (Sohl-Dickstein et al. 2015, §3.1.1), and its points at mean 0, unit variance.
Tensor angles(std::int64_t n) {
  return 1.5 * std::numbers::pi * (1 + 2 * (at::arange(n, at::kDouble) + 0.5) / static_cast<double>(n));
}
Tensor spiral(const Tensor& theta) { return at::stack({theta * theta.cos(), theta * theta.sin()}, 1); }
Tensor points(std::int64_t n) {
  const Tensor x = spiral(angles(n));
  return (x - x.mean(0)) / x.var(0, false).mean().sqrt();
}

// ln Σ_k w_k N(x; c_k, σ²) for points c [n, 2].
Tensor log_density_of_points(const Tensor& x, const Tensor& c, const Tensor& log_weights, double sigma) {
  const Tensor square = (x.unsqueeze(1) - c.unsqueeze(0)).square().sum(2);
  return (log_weights - square / (2 * sigma * sigma)).logsumexp(1) - std::log(2 * std::numbers::pi * sigma * sigma);
}

}

TEST_CASE("at every width of the noise the joined atoms of the roll have the density of its curve") {
  const shipped::coarse_mixture joined(roll(0));
  const std::int64_t dense = 1 << 18;
  const Tensor curve = points(dense), even = at::full({dense}, -std::log(static_cast<double>(dense)), at::kDouble);
  for (const double sigma : {5e-4, 3e-3, 0.02, 0.1, 0.7, 5.}) {
    CAPTURE(sigma);
    const Tensor on_curve = curve.slice(0, 999, c10::nullopt, dense / 12);
    const Tensor x = on_curve + sigma * stream(3).normal(on_curve.sizes().vec()).to(at::kDouble);
    const auto& level = joined.seen_through(sigma);
    const Tensor difference =
        log_density_of_points(x, level.atoms, level.log_weights, sigma) - log_density_of_points(x, curve, even, sigma);
    CHECK(difference.abs().max().item<double>() < 0.02);
    CHECK(std::abs(difference.mean().item<double>()) < 0.002);
  }
  CHECK(joined.seen_through(5).atoms.size(0) < 64);
  CHECK(joined.seen_through(1e-9).atoms.size(0) == joined.finest().atoms.size(0));
}

TEST_CASE("atoms that are far apart stay apart") {
  const shipped::coarse_mixture few({at::tensor({0., 1., 5., 6.}).unsqueeze(1), at::zeros({4}), 0});
  CHECK(few.seen_through(1).atoms.size(0) == 4);
  const auto& pairs = few.seen_through(3);
  CHECK(pairs.atoms.flatten().allclose(at::tensor({0.5, 5.5}, at::kDouble)));
  CHECK(pairs.log_weights.exp().allclose(at::tensor({0.5, 0.5}, at::kDouble)));
  CHECK(pairs.reach == doctest::Approx(0.5));
}

TEST_CASE("the ceiling of the roll without noise is the entropy of its curve and of the first step across it") {
  // To first order in √β₁: −H(X¹) = −E ln(ds/du) − ½ln(2πeβ₁), the curve shrunk by √ᾱ₁.
  const double beta_1 = 1e-5;
  const Tensor theta = angles(1 << 16);
  const Tensor speed = 3 * std::numbers::pi * (1 + theta.square()).sqrt() / spiral(theta).var(0, false).mean().sqrt();
  const double nats = -speed.log().mean().item<double>() - 0.5 * std::log1p(-beta_1) -
                      0.5 * std::log(2 * std::numbers::pi * std::numbers::e * beta_1);
  CHECK(noneq::bits(nats) == doctest::Approx(2.6026).epsilon(1e-4));

  known_density data(roll(0));
  const auto p = make_process("gaussian", "{plugin: log_snr, steps: 8, first_beta: 1e-5, last_alpha_bar: 0.002}", "v",
                              "fixed_small");
  double mean = 0;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto found = measured_on(data, p, "{plugin: ceiling, samples: 800}", seed);
    const noneq::measured& c = found.at("ceiling");
    CHECK(std::abs(c.value - noneq::bits(nats)) < 3 * c.standard_error);
    CHECK(c.standard_error < 0.025);
    mean += c.value / 3;
  }
  CHECK(mean == doctest::Approx(noneq::bits(nats)).epsilon(0.01));
}

TEST_CASE("for Gaussian data the ceiling is a closed form, and Gaussian reverse steps attain it") {
  const double v = 0.5;
  known_density data({at::zeros({1, 3}), at::zeros({1}), v});
  const auto p = make_process("gaussian", "{plugin: linear, steps: 50, last: 0.2}", "v", "fixed_small");
  const auto variance_at = [&](std::int64_t i) { return p.tables.alpha_bar[i].item<double>() * (v - 1) + 1; };
  const double first = variance_at(0), last = variance_at(49);
  // Per dimension: −H(X¹) − KL(q(x^T)‖π) + E[ln π(x⁰) − ln π(x¹)].
  const double nats = 3 * (-0.5 * std::log(2 * std::numbers::pi * std::numbers::e * first) -
                           0.5 * (last - 1 - std::log(last)) - 0.5 * (v - first));
  const auto found = measured_on(data, p, "{plugin: ceiling, samples: 4000}");
  for (const char* name : {"ceiling", "attainable"}) {
    CAPTURE(name);
    CHECK(std::abs(found.at(name).value - noneq::bits(nats)) < 4 * found.at(name).standard_error);
    CHECK(found.at(name).standard_error < 0.1);
  }
}

TEST_CASE("the truth must be that of the loader's data") {
  const auto rows_of = [](const std::string& yaml, std::int64_t n) {
    const auto made = make<noneq::loader>(yaml)->open({}, stream(5));
    return made->prepare(made->fetch_rows(0, n)).at("x0");
  };
  const testing::data_file file({{"x", rows_of("{plugin: swiss_roll, noise: 0.2}", 6000)},
                                 {"curve", rows_of("{plugin: swiss_roll, noise: 0}", 3000)},
                                 {"beats", rows_of("{plugin: heartbeat}", 500)}});
  const auto p = make_process("gaussian", "{plugin: linear, steps: 4}", "v", "fixed_small");
  const auto refusal = [&](const std::string& dataset, const std::string& truth,
                           const testing::data_file::transforms& through = {}) {
    const auto data = file.through(through, "dataset: " + dataset);
    const std::string yaml = "{plugin: ceiling, samples: 4, truth: " + truth + "}";
    return testing::message_of([&] { measured_on(*data, p, yaml); });
  };
  const std::string fits = "nothing was thrown";
  CHECK(refusal("x", "{plugin: swiss_roll, noise: 0.2}") == fits);
  CHECK(refusal("x", "{plugin: swiss_roll, noise: 0.2}", {"standardise"}) == fits);
  CHECK(refusal("x, order: sequential", "{plugin: swiss_roll, noise: 0.2}") == fits);
  CHECK(refusal("curve", "{plugin: swiss_roll, noise: 0}") == fits);
  CHECK(refusal("beats", "{plugin: heartbeat}") == fits);
  for (const char* noise : {"0", "0.1", "0.3", "1"})
    CHECK(testing::says(refusal("x", c10::str("{plugin: swiss_roll, noise: ", noise, "}")),
                        "truth: got a generator of other data than the loader's: ln q is "));
  CHECK(testing::says(refusal("curve", "{plugin: swiss_roll, noise: 0.2}"), "got a generator of other data"));
  CHECK(testing::says(refusal("x", "{plugin: heartbeat}"),
                      "truth: got a generator of samples [20], need the one that made "
                      "the data, [2]"));
  CHECK(testing::says(refusal("beats", "{plugin: heartbeat, period: 4}"), "got a generator of other data"));
}

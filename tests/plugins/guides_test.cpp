// Guides against posteriors in closed form, of Gaussian data and a network that knows its score exactly.
#include "guiding.hpp"

using noneq::stream;
using noneq::Tensor;
using testing::make;
using namespace testing;

namespace {

Tensor covariance_of(const Tensor& x) {
  const Tensor from_mean = x - x.mean(0);
  return at::matmul(from_mean.t(), from_mean) / static_cast<double>(x.size(0) - 1);
}

// The mean and variance of x₂ when x₁ = `known` is repainted: both moments of (x₁, x₂) carried through every step,
// which is linear in a network that is.
std::pair<double, double> repainted(const noneq::tables& t, double known, std::int64_t draws, const Tensor& mean,
                                    const Tensor& covariance) {
  const Tensor one = at::eye(2, at::kDouble);
  Tensor m = at::zeros({2}, at::kDouble), v = one;
  for (std::int64_t i = t.steps() - 1; i >= 0; --i) {
    const auto c = noneq::coefficients_at(t, at::full({1}, i, at::kLong), m.unsqueeze(0));
    const auto number = [](const Tensor& x) { return x.item<double>(); };
    const double a = number(c.alpha_bar), before = number(c.alpha_bar_prev), rest = number(c.one_minus_alpha_bar_prev);
    const Tensor gain = std::sqrt(a) * at::linalg_solve(a * covariance + (1 - a) * one, covariance).t();
    const Tensor step = (number(c.c1) * gain + number(c.c2) * one)[1];
    const Tensor offset = number(c.c1) * (mean - at::matmul(gain, std::sqrt(a) * mean))[1];
    for (std::int64_t draw = 1;; ++draw) {
      const Tensor drawn = i == 0 ? at::zeros({}, at::kDouble) : c.log_beta_tilde.exp().squeeze();
      m = at::stack({at::full({}, std::sqrt(before) * known, at::kDouble), offset + step.dot(m)});
      v = at::diag(at::stack({at::full({}, rest, at::kDouble), step.dot(at::matmul(v, step)) + drawn}));
      if (i == 0 || draw == draws) break;
      m = c.alpha.sqrt().squeeze() * m;
      v = c.alpha.squeeze() * v + c.beta.squeeze() * one;
    }
  }
  return {m[1].item<double>(), v[1][1].item<double>()};
}

const Tensor mean2 = at::tensor({0.5, -0.3}, at::kDouble);
const Tensor covariance2 = at::tensor({1., 0.8, 0.8, 1.5}, at::kDouble).view({2, 2});

}

TEST_CASE("data N(0, 1) seen as 1 with noise of variance 1: exact is the posterior, paper counts twice") {
  const given file({{"observation", at::ones({1, 1})}});
  const auto d = gaussian_denoiser(linear(), at::zeros({1}), at::ones({1}));
  const auto moments = [&](const std::string& sampler, double mean, double variance) {
    CAPTURE(sampler);
    // Four standard errors of 10000 samples are 0.028 in both; the steps leave out 0.006 of the variance.
    const Tensor x = file.draw(sampler, d, request(10000, {1}));
    CHECK(x.mean().item<double>() == doctest::Approx(mean).scale(1).epsilon(0.02));
    CHECK(x.var().item<double>() == doctest::Approx(variance).scale(1).epsilon(0.02));
  };
  const std::string exact = file.guide("gaussian_observation", ", deviation: 1");
  moments(ancestral("[" + exact + "]"), 0.5, 0.5);
  moments("{plugin: ddim, steps: 100, guides: [" + exact + "]}", 0.5, 0.5);
  moments(ancestral(file.guide("gaussian_observation", ", deviation: 1, mode: paper")), 2. / 3, 1. / 3);
}

TEST_CASE("observations are in data units, and there may be several") {
  // Data 10 + 2 x with x ~ N(0, 1), seen as 14 with noise of variance 4: x is seen as 2 with variance 1.
  const given file({{"observation", at::full({1, 1}, 14.)}});
  const auto d = gaussian_denoiser(linear(), at::zeros({1}), at::ones({1}));
  auto r = request(10000, {1});
  r.normal.shift = at::tensor({10.f});
  r.normal.scale = at::tensor({2.f});
  const std::string one = file.guide("gaussian_observation", ", deviation: 2");
  const Tensor x = file.draw(ancestral(one), d, r);
  CHECK(x.mean().item<double>() == doctest::Approx(1).epsilon(0.02));
  CHECK(x.var().item<double>() == doctest::Approx(0.5).epsilon(0.05));
  // A second one counts too: the posterior has mean 4/3 and variance 1/3.
  const Tensor both = file.draw(ancestral("[" + one + ", " + one + "]"), d, r);
  CHECK(both.mean().item<double>() > 1.2);
  CHECK(both.var().item<double>() < 0.45);
}

TEST_CASE("known values: the rest has the conditional mean and covariance, by every sampler") {
  // x₂ | x₁ = 1.7: −0.3 + 0.8 (1.7 − 0.5), 1.5 − 0.8².
  const given file({{"mask", at::tensor({1, 0}, at::kByte).view({1, 2})},
                    {"values", at::tensor({1.7, 99.}, at::kDouble).view({1, 2})}});
  const auto d = correlated(linear("x0"), mean2, covariance2);
  auto r = request(10000, {2});
  for (const std::string sampler :
       {"ancestral, steps: 250", "ddim, steps: 100", "heun, steps: 50", "dpm_solver, steps: 50"}) {
    CAPTURE(sampler);
    const Tensor x = file.draw("{plugin: " + sampler + ", guides: " + file.guide("known_values") + "}", d, r);
    CHECK(largest(x.select(1, 0) - 1.7) < 1e-4);
    const Tensor other = x.select(1, 1);
    CHECK(other.mean().item<double>() == doctest::Approx(0.66).epsilon(0.05));  // four standard errors are 0.037
    CHECK(other.var().item<double>() == doctest::Approx(0.86).epsilon(0.06));   // and 0.049
  }
}

TEST_CASE("known values repainted: biased, and less so when every step is drawn ten times") {
  const given file({{"mask", at::tensor({1, 0}, at::kByte).view({1, 2})},
                    {"values", at::tensor({1.7, 99.}, at::kDouble).view({1, 2})}});
  const auto d = correlated(linear("x0", 100), mean2, covariance2);
  const std::int64_t count = 5000;
  const auto law = [&](std::int64_t draws) { return repainted(d.process().tables, 1.7, draws, mean2, covariance2); };
  for (const std::int64_t draws : {1, 10}) {
    CAPTURE(draws);
    const Tensor x =
        file.draw(ancestral(file.guide("known_values", ", mode: paper, resample: " + std::to_string(draws))), d,
                  request(count, {2}));
    CHECK(largest(x.select(1, 0) - 1.7) < 1e-6);
    const Tensor other = x.select(1, 1);
    const auto [mean, variance] = law(draws);
    CHECK(mean_is(other, mean));
    CHECK(std::abs(other.var().item<double>() / variance - 1) < 4 * std::sqrt(2. / count));
  }
  const auto [mean, variance] = law(1);
  const auto [mean10, variance10] = law(10);
  CHECK(std::abs(mean - 0.66) > 0.4);  // the posterior has 0.66 and 0.86
  CHECK(std::abs(mean10 - 0.66) < std::abs(mean - 0.66) / 4);
  CHECK(std::abs(variance10 - 0.86) < std::abs(variance - 0.86));
}

TEST_CASE("a linear observation: the posterior of correlated data") {
  const Tensor a = at::tensor({1., 2.}, at::kDouble).view({1, 2});
  const double variance = 0.25, y = 2;
  const given file({{"matrix", a}, {"observation", at::full({1, 1}, y, at::kDouble)}});
  const auto d = correlated(linear("x0"), mean2, covariance2);
  const std::string guide = file.guide("linear_observation", ", deviation: 0.5");
  const Tensor x = file.draw("{plugin: ddim, steps: 100, guides: [" + guide + "]}", d, request(10000, {2}));
  const Tensor seen = at::matmul(covariance2, a.t()) / (at::matmul(at::matmul(a, covariance2), a.t()) + variance);
  const Tensor mean = mean2 + (seen * (y - at::matmul(a, mean2.unsqueeze(1)))).squeeze(1);
  const Tensor covariance = covariance2 - at::matmul(seen, at::matmul(a, covariance2));
  CHECK(largest(x.mean(0) - mean) < 0.04);  // four standard errors are below 0.03
  CHECK(largest(covariance_of(x) - covariance) < 0.04);
}

TEST_CASE("a network whose derivative is no covariance leads no sample away") {
  constexpr std::int64_t d = 16;
  const given file(
      {{"mask", (at::arange(d, at::kDouble) < 12).to(at::kDouble).view({1, d})}, {"values", at::ones({1, d})}});
  const Tensor turned = at::eye(d, at::kDouble) + stream(3).normal({d, d}).to(at::kDouble);
  const auto network = correlated(linear("epsilon", 100), at::zeros({d}, at::kDouble), turned);
  const Tensor x = file.draw(ancestral(file.guide("known_values", ", solve: 20")), network, request(50, {d}));
  CHECK(largest(x) < 100);
}

TEST_CASE("a guided sample depends neither on its chunk nor on the others' observations") {
  const given file({{"observation", at::linspace(-2, 2, 6, at::kDouble).view({3, 2})}});
  const auto d = correlated(linear("x0", 50), mean2, covariance2);
  const std::string sampler = ancestral(file.guide("gaussian_observation", ", deviation: 0.5"));
  const Tensor all = file.draw(sampler, d, request(7, {2}));
  auto r = request(3, {2});
  r.first = 4;
  CHECK(largest(file.draw(sampler, d, r) - all.slice(0, 4, 7)) < 1e-5);
  CHECK(largest(all[1] - all[2]) > 0.1);
}

TEST_CASE("a sample whose steps are drawn again depends on its chunk as little") {
  const given file({{"mask", at::tensor({1, 0}, at::kByte).view({1, 2})}, {"values", at::full({1, 2}, 0.4)}});
  const auto d = correlated(linear("x0", 50), mean2, covariance2);
  const auto sampler = [&](const std::string& more) { return ancestral(file.guide("known_values", more)); };
  const std::string again = sampler(", mode: paper, resample: 3");
  auto r = request(3, {2});
  r.first = 4;
  const Tensor all = file.draw(again, d, request(7, {2}));
  CHECK(largest(file.draw(again, d, r) - all.slice(0, 4, 7)) < 1e-5);
  CHECK(largest(file.draw(sampler(", mode: paper"), d, r) - all.slice(0, 4, 7)) > 0.1);
}

TEST_CASE("guides refuse what does not fit") {
  const given file({{"mask", at::ones({1, 3}, at::kByte)},
                    {"twos", at::full({1, 2}, 2.)},
                    {"ones", at::ones({1, 2})},
                    {"values", at::tensor({0.5, 300.}).view({1, 2})},
                    {"matrix", at::ones({2, 3})},
                    {"observation", at::zeros({1, 2})}});
  const auto d = gaussian_denoiser(linear("epsilon", 50), at::zeros({2}), at::ones({2}));
  auto r = request(2, {2});
  r.range = {0, 255};
  const auto refusal = [&](const std::string& guide) { return message_of([&] { file.draw(ancestral(guide), d, r); }); };
  CHECK(says_all(refusal(file.guide("known_values")), {"guides.mask", "'mask'", "got rows of shape [3]", "need [2]"}));
  CHECK(says_all(refusal(file.guide("known_values", ", mask: twos")), {"'twos'", "other numbers than 0 and 1"}));
  CHECK(says_all(refusal(file.guide("known_values", ", mask: ones")), {"'values'", "got 300", "from 0 to 255"}));
  CHECK(says_all(refusal(file.guide("known_values", ", mask: ones, values: none")), {"none"}));
  CHECK(says_all(refusal(file.guide("gaussian_observation", ", observation: mask, deviation: 1")),
                 {"'mask'", "got rows of shape [3]", "need [2]"}));
  CHECK(says_all(refusal(file.guide("gaussian_observation", ", observation: values, deviation: 1")),
                 {"'values'", "got 300", "10 deviations"}));
  CHECK(says_all(refusal(file.guide("gaussian_observation")), {"deviation", "is missing"}));
  CHECK(says_all(refusal(file.guide("linear_observation", ", deviation: 1")),
                 {"'matrix'", "got rows of 3 numbers, need 2"}));
  const std::string paper = file.guide("gaussian_observation", ", deviation: 1, mode: paper");
  CHECK(says_all(message_of([&] { make<noneq::sampler>("{plugin: ddim, guides: " + paper + "}"); }),
                 {"guides", "mode paper", "need exact"}));
  CHECK(says_all(refusal("[" + paper + ", nothing]"), {"guides[1]", "nothing"}));
  const std::string half = file.guide("known_values", ", mask: ones, values: ones");
  CHECK(refusal("[" + half + ", " + half + "]") == "nothing was thrown");
  r.normal = {at::full({}, 10.), at::full({}, 2.)};  // what is known is said in data units
  for (const char* mode : {"exact", "paper"})
    CHECK(says_all(refusal("[" + half + ", " +
                           file.guide("known_values", std::string(", mask: ones, values: twos, mode: ") + mode) + "]"),
                   {"contradict", "number [0] of sample 0 is certainly 1 for one and 2 for another"}));
  const auto known = [&](const std::string& more) { return file.guide("known_values", ", mask: ones" + more); };
  CHECK(says_all(refusal(known(", resample: 10")), {"resample got 10", "mode exact", "need 1"}));
  CHECK(says_all(refusal(known(", mode: paper, deviation: 1")), {"deviation got 1", "mode paper", "need 0"}));
  CHECK(says_all(
      message_of([&] { make<noneq::sampler>("{plugin: heun, guides: " + known(", mode: paper, resample: 3") + "}"); }),
      {"guides", "mode paper", "need exact"}));
}

TEST_CASE("a linear observation in mode paper gives a step the mean of the product of both") {
  const Tensor a = stream(1).normal({2, 4}).to(at::kDouble), y = stream(2).normal({3, 2}).to(at::kDouble);
  const given file({{"matrix", a}, {"observation", y}});
  const auto guide = make<noneq::guide>(file.guide("linear_observation", ", deviation: 0.7, mode: paper"));
  CHECK(guide->multiplies_steps());
  const noneq::process p = linear();
  const noneq::normalisation normal{at::tensor({0.5, -1., 2., 0.}), at::tensor({2., 1., 0.5, 3.})};
  const auto begun = guide->begin({p, 0, 3, {4}, normal, {}, file.rows(0, 3)});
  const Tensor mean = stream(4).normal({3, 4}).to(at::kDouble), log_variance = stream(5).normal({3, 4}).to(at::kDouble);
  const noneq::distribution got = begun->multiplied({mean, log_variance}, {});
  CHECK(got.log_variance.equal(log_variance));
  for (std::int64_t k = 0; k < 3; ++k) {
    // In model units y − A shift = (A scale) x + N(0, s²).
    const Tensor b = a * normal.scale.to(at::kDouble), step = log_variance[k].exp().diag();
    const Tensor seen = b.matmul(step).matmul(b.t()) + 0.49 * at::eye(2, at::kDouble);
    const Tensor gain = step.matmul(b.t()).matmul(seen.inverse());
    const Tensor expected = mean[k] + gain.matmul(y[k] - a.matmul(normal.shift.to(at::kDouble)) - b.matmul(mean[k]));
    CHECK(largest(got.location[k] - expected) < 1e-6);
  }
  // Where steps are short beside s, their covariance hardly changes: the moments are those of `gaussian_observation`.
  const given one({{"matrix", at::ones({1, 1})}, {"observation", at::ones({1, 1})}});
  const auto d = gaussian_denoiser(linear(), at::zeros({1}), at::ones({1}));
  const Tensor x =
      one.draw(ancestral(one.guide("linear_observation", ", deviation: 1, mode: paper")), d, request(10000, {1}));
  CHECK(x.mean().item<double>() == doctest::Approx(2. / 3).scale(1).epsilon(0.02));
  CHECK(x.var().item<double>() == doctest::Approx(1. / 3).scale(1).epsilon(0.02));
}

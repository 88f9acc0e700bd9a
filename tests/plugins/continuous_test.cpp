// Continuous time: what is known between the steps agrees with the steps, and a network trained there is the network of
// every grid.
#include "closed_form.hpp"

using namespace noneq;
using namespace testing;
using testing::gaussian_denoiser;

namespace {

const std::vector<const char*> continuous{"{plugin: log_snr, steps: continuous}", "{plugin: cosine, steps: continuous}",
                                          "{plugin: linear, steps: continuous}",
                                          "{plugin: learned_snr, steps: continuous, units: 8}",
                                          "{plugin: rectified, steps: continuous}"};

process made(const std::string& schedule) { return make_process("gaussian", schedule, "epsilon", "fixed_small"); }

}

TEST_CASE("at a whole index the values between the steps are the steps' own") {
  for (const char* yaml : continuous) {
    CAPTURE(yaml);
    const tables t = made(yaml).tables;
    REQUIRE(t.steps() == 1000);
    const Tensor index = at::tensor({0, 1, 2, 500, 998}, at::kLong);
    CHECK(at::allclose(stacked(values_between(t, index.to(at::kDouble))), t.stack.index_select(1, index), 1e-9, 1e-12));
  }
}

TEST_CASE("between the steps ln SNR falls, and a step's values obey the laws of a step") {
  for (const char* yaml : continuous) {
    CAPTURE(yaml);
    const process p = made(yaml);
    const Tensor index = at::linspace(0, 999, 4001, at::kDouble), x = at::zeros({4001, 1}, at::kDouble);
    CHECK((p.log_snr(index).diff() < 0).all().item<bool>());
    const coefficients c = coefficients_at(p.tables, index, x);
    CHECK(at::allclose(c.alpha_bar, c.alpha * c.alpha_bar_prev, 1e-9, 0));
    CHECK(at::allclose(c.alpha_bar + c.one_minus_alpha_bar, at::ones_like(x), 1e-12, 0));
    // q(x^t|x⁰) is q(x^t|x^{t−1}) after q(x^{t−1}|x⁰): the posterior's mean of its own x^t is x^{t−1}'s.
    CHECK(at::allclose(c.c1 + c.c2 * c.sqrt_alpha_bar, c.alpha_bar_prev.sqrt(), 1e-9, 0));
    const Tensor first = index.lt(1).unsqueeze(1);
    CHECK(at::equal(c.beta_tilde == 0, first));
    CHECK(c.log_beta_tilde.isfinite().all().item<bool>());
  }
}

TEST_CASE("cosine ends at ln SNR −20, and linear follows the published variance-preserving process") {
  const process cosine = made(continuous[1]), linear = made(continuous[2]);
  const Tensor ends = at::tensor({0.0, 999.0}, at::kDouble);
  CHECK(cosine.log_snr(ends)[1].item<double>() == doctest::Approx(-20));
  // β(u) from 0.1 to 20 (Song et al. 2021, app. C): ln ᾱ(1) = −10.05, beside the first step's.
  const tables t = linear.tables;
  CHECK(t.log_alpha_bar_at(ends)[1].item<double>() == doctest::Approx(std::log1p(-1e-4) - 10.05));
}

TEST_CASE("the simple loss at any time is that of a perfect network where the data is Gaussian") {
  const process p = made(continuous[0]);
  const auto d = gaussian_denoiser(p, at::zeros({2}), at::ones({2}));
  const auto noiser = make<noneq::noiser>("{plugin: marginal, time: antithetic}");
  const auto loss = make<noneq::loss>("simple");
  batch b{0, 0, {{"x0", stream(1).normal({20000, 2})}}};
  noiser->draw(b, p, stream(2));
  noiser->apply(b, p, stream(2));
  const Tensor t = b.at("t");
  REQUIRE((t.scalar_type() == at::kDouble));
  CHECK((t >= 0).logical_and(t <= 999).all().item<bool>());
  CHECK((t != t.floor()).any().item<bool>());
  CHECK(b.at("weight")[0].item<float>() == doctest::Approx(0.999));
  // ε̂ = √(1−ᾱ) x^t, whose error is N(0, ᾱ).
  const auto c = coefficients_at(p.tables, t, b.at("xt"));
  b.set("output", c.sqrt_one_minus_alpha_bar * b.at("xt"));
  const Tensor excess = loss->run(b, p) - c.alpha_bar.squeeze(1);
  CHECK(mean_is(excess, 0));
}

TEST_CASE(
    "any number of steps is sampled: the finer the process, the nearer the first-order sampler comes to the data") {
  const process p = made("{plugin: log_snr, steps: continuous}");
  const auto d = gaussian_denoiser(p, at::zeros({1}), at::full({1}, 4.0));
  const auto spread = [&](std::int64_t steps) {
    const auto s = make<sampler>(c10::str("{plugin: ddim, steps: ", steps, "}"));
    const auto fine = d.with_room_for(steps);
    CHECK(fine.process().steps() == std::max<std::int64_t>(steps, 1000));
    const Tensor x = s->sample(fine, {0, 4000, {1}, stream(5), {}, {}});
    return x.std().item<double>();
  };
  const double limit = spread(8000);
  CHECK(std::abs(spread(2000) - limit) < 0.6 * std::abs(spread(1000) - limit));
}

TEST_CASE("what knows whole steps only says so") {
  const process any_t = made(continuous[0]);
  CHECK_THROWS_WITH_AS(made("{plugin: sigmoid, steps: continuous}"),
                       doctest::Contains("this schedule knows whole steps only"), error);
  CHECK_THROWS_WITH_AS(make<noiser>("{plugin: marginal, time: loss_second_moment}")->check_process(any_t),
                       doctest::Contains("draws whole steps only"), error);
  CHECK_THROWS_WITH_AS(make<noiser>("trajectory")->check_process(any_t), doctest::Contains("walks whole steps only"),
                       error);
  CHECK_THROWS_WITH_AS(made("{plugin: cosine, steps: continous}"),
                       doctest::Contains("got 'continous', need an integer, or continuous"), std::exception);
}

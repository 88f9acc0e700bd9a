#include "closed_form.hpp"
#include "make.hpp"

using namespace noneq;
using namespace testing;

namespace {

// Every step of a short schedule once, in float64; a network may say `raw` of the variance.
struct gaussian_case {
  process p;
  Tensor x0, noise, xt, raw = at::full({30, 3}, -1.5, at::kDouble);
  coefficients c;

  explicit gaussian_case(const std::string& mean_name, const std::string& variance_name = "fixed_small")
      : p(make_process("gaussian", "{plugin: linear, steps: 30, last: 0.2}", mean_name, variance_name)),
        x0(stream(1).normal({30, 3}).to(at::kDouble)),
        noise(stream(2).normal({30, 3}).to(at::kDouble)),
        c(coefficients_at(p.tables, at::arange(30, at::kLong), x0)) {
    xt = p.kernel->sample(p.kernel->marginal(x0, c), noise);
  }
  reverse_point point() const { return {xt, c, *p.kernel, p.log_variance(raw, c)}; }
};

}

TEST_CASE("a perfect prediction is the posterior, and knows x0") {
  for (const std::string& name : gaussian_means)
    for (const char* variance : {"fixed_small", "fixed_large", "learned", "learned_range", "perturbation"}) {
      CAPTURE(name);
      CAPTURE(variance);
      const gaussian_case g(name, variance);
      const Tensor z = g.p.mean->target(g.x0, g.noise, g.point());
      const distribution truth = g.p.kernel->posterior(g.x0, g.xt, g.c);
      CHECK(largest(g.p.mean->location(z, g.point()) - truth.location) < 1e-12);
      CHECK(largest(g.p.mean->x0(z, g.point()) - g.x0) < 1e-9);
    }
}

TEST_CASE("whatever the variance, x̂⁰ is the one the reverse step was made from") {
  for (const std::string& name : gaussian_means)
    for (const char* variance : {"fixed_small", "fixed_large", "learned", "learned_range", "perturbation"}) {
      CAPTURE(name);
      CAPTURE(variance);
      const gaussian_case g(name, variance);
      const Tensor said = stream(4).normal({30, 3 * g.p.outputs()}).to(at::kDouble);
      const denoiser d = testing::make_denoiser(g.p, [&](const network_input&) { return said; });
      const auto p = d.predict(g.xt, at::arange(30, at::kLong));
      CHECK(largest(p.reverse.location - g.c.c1 * p.x0 - g.c.c2 * g.xt) < 1e-10);
    }
}

TEST_CASE("epsilon_error turns any prediction's error into one of ε") {
  for (const std::string& name : gaussian_means) {
    CAPTURE(name);
    const gaussian_case g(name, "learned");
    const Tensor wrong = stream(3).normal({30, 3}).to(at::kDouble);
    const Tensor z = g.p.mean->target(g.x0, g.noise, g.point()) + wrong;
    const Tensor eps = (g.xt - g.c.sqrt_alpha_bar * g.p.mean->x0(z, g.point())) / g.c.sqrt_one_minus_alpha_bar;
    const Tensor expected = g.p.mean->epsilon_error(g.point()) * wrong.square();
    CHECK(largest((eps - g.noise).square() / expected - 1) < 1e-6);
  }
}

TEST_CASE("bits: the mixture is the sum over both x0, by Bayes' rule on all states") {
  const double r = 0.3;
  const auto p = make_process("{plugin: binomial, r: 0.3}", "{plugin: reciprocal, steps: 7}", "x0");
  const auto by_mean = make<mean>("mean");
  for (std::int64_t i = 1; i < 7; ++i)
    for (const double xt : {0., 1.})
      for (const double p1 : {0.02, 0.5, 0.9}) {
        const double beta = p.tables.beta[i].item<double>(), keep = p.tables.alpha_bar[i - 1].item<double>();
        double expected = 0;
        for (const double x0 : {0., 1.}) {
          const double prior = keep * x0 + (1 - keep) * r;
          const auto seen = [&](double previous) {
            const double one = (1 - beta) * previous + beta * r;
            return xt == 1 ? one : 1 - one;
          };
          const double posterior = prior * seen(1) / (prior * seen(1) + (1 - prior) * seen(0));
          expected += (x0 == 1 ? p1 : 1 - p1) * posterior;
        }
        const Tensor x = at::full({1, 1}, xt, at::kDouble), z = at::logit(at::full({1, 1}, p1, at::kDouble));
        const auto c = coefficients_at(p.tables, at::full({1}, i, at::kLong), x);
        const reverse_point point{x, c, *p.kernel};
        const Tensor f = p.mean->location(z, point);
        CHECK(f.sigmoid().item<double>() == doctest::Approx(expected).epsilon(1e-12));
        CHECK(p.mean->x0(z, point).item<double>() == doctest::Approx(p1).epsilon(1e-12));
        CHECK(by_mean->location(f, point).is_same(f));
        // Under β_T = 1, x^{T−1} still tells x⁰ apart, so the inverse exists at every step.
        CHECK(by_mean->x0(f, point).item<double>() == doctest::Approx(p1).epsilon(1e-9));
      }
}

TEST_CASE("bits: a perfect prediction is the posterior, in both precisions") {
  for (const auto type : {at::kFloat, at::kDouble})
    for (const char* name : {"x0", "mean"}) {
      const auto p = make_process("binomial", "{plugin: reciprocal, steps: 20}", name);
      const Tensor x0 = (stream(1).uniform({20, 8}) < 0.5).to(type), xt = (stream(2).uniform({20, 8}) < 0.5).to(type);
      const auto c = coefficients_at(p.tables, at::arange(20, at::kLong), x0);
      const reverse_point point{xt, c, *p.kernel};
      const Tensor z = p.mean->target(x0, {}, point);
      const distribution truth = p.kernel->posterior(x0, xt, c);
      CHECK(largest(p.mean->location(z, point).sigmoid() - truth.location.sigmoid()) < 1e-6);
      CHECK(largest(p.mean->x0(z, point) - x0) < 1e-5);
    }
}

TEST_CASE("bits: certain predictions have finite gradients") {
  for (const char* name : {"x0", "mean"}) {
    const auto p = make_process("binomial", "{plugin: reciprocal, steps: 5}", name);
    const Tensor xt = (stream(2).uniform({5, 8}) < 0.5).to(at::kFloat);
    const auto c = coefficients_at(p.tables, at::arange(5, at::kLong), xt);
    for (const double size : {0., 30., 1e4}) {
      const Tensor z = at::full({5, 8}, size).requires_grad_(true);
      (p.mean->location(z, {xt, c, *p.kernel}).sum() + p.mean->x0(z, {xt, c, *p.kernel}).sum()).backward();
      CHECK(z.grad().isfinite().all().item<bool>());
    }
  }
}

TEST_CASE("predictions that divide by the signal are refused where none is left") {
  const auto all_noise = make_tables(make<schedule>("{plugin: reciprocal, steps: 5}")->beta());
  // √ᾱ_T = 1e-44 is a number in float64 only.
  const auto nearly = make_tables(make<schedule>("{plugin: linear, steps: 20000}")->beta());
  for (const char* name : {"epsilon", "score"}) {
    CHECK_THROWS_AS(make<mean>(name)->check_tables(all_noise), error);
    CHECK_THROWS_AS(make<mean>(name)->check_tables(nearly), error);
    CHECK_NOTHROW(
        make<mean>(name)->check_tables(make_tables(make<schedule>("{plugin: linear, steps: 10000}")->beta())));
  }
  for (const char* name : {"x0", "v", "mean", "perturbation", "decay", "velocity"})
    CHECK_NOTHROW(make<mean>(name)->check_tables(all_noise));
}

TEST_CASE("v, x0, mean and velocity stay finite at β = 1") {
  for (const char* name : {"x0", "v", "mean", "perturbation", "velocity"}) {
    CAPTURE(name);
    const auto p = make_process("gaussian", "{plugin: reciprocal, steps: 5}", name, "fixed_small");
    const Tensor x = stream(1).normal({1, 4}), z = stream(2).normal({1, 4});
    const auto c = coefficients_at(p.tables, at::full({1}, 4, at::kLong), x);
    const reverse_point point{x, c, *p.kernel, c.log_beta_tilde};
    CHECK(p.mean->location(z, point).isfinite().all().item<bool>());
    CHECK(p.mean->x0(z, point).isfinite().all().item<bool>());
  }
}

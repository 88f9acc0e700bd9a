#include "noneq/diffusion/bound.hpp"

#include "diffusion/close.hpp"
#include "noneq/core/error.hpp"
#include "noneq/diffusion/binomial.hpp"
#include "noneq/diffusion/gaussian.hpp"
#include "noneq/diffusion/means.hpp"
#include "noneq/diffusion/schedules.hpp"

using namespace noneq;
using namespace testing;

namespace {

// Reverse steps x^{t−1} ~ N(gain x^t, variance) for scalar data of variance s²: everything in K is a closed form.
struct linear_gaussian {
  tables t;
  double s2;

  double alpha_bar(std::int64_t i) const { return i < 0 ? 1 : value(t.alpha_bar, i); }
  double spread(std::int64_t i) const { return alpha_bar(i) * s2 + value(t.one_minus_alpha_bar, i); }  // Var x^t

  double expected_kl(std::int64_t i, double gain, double variance) const {
    const double c1 = value(t.c1, i), k = value(t.c2, i) - gain, b = value(t.beta_tilde, i);
    const double square = c1 * c1 * s2 + k * k * spread(i) + 2 * c1 * k * std::sqrt(alpha_bar(i)) * s2;
    return 0.5 * (std::log(variance / b) + (b + square) / variance - 1);
  }

  double bound(double kl_sum) const {
    const auto last = t.steps() - 1;
    const Tensor one = at::zeros({1, 1}, at::kDouble);
    const coefficients cT = same_t(t, last, one), c1 = same_t(t, 0, one);
    const distribution pi = gaussian::stationary(one);
    const Tensor cross = at::full({1}, 0.5 * (std::log(2 * M_PI) + spread(last)), at::kDouble);
    const double edge = 0.5 * (spread(0) - s2);
    return trajectory_bound(at::full({1}, kl_sum, at::kDouble), gaussian::entropy(gaussian::marginal(one, cT), one),
                            gaussian::entropy(gaussian::marginal(one, c1), one), cross,
                            at::full({1}, edge, at::kDouble))
        .item<double>();
  }
};

const double half_log_2pie = 0.5 * std::log(2 * M_PI * std::exp(1.));

}

TEST_CASE("data N(0, 1) under the forward kernel run backwards: K = L_null exactly") {
  for (const Tensor& beta : {linear(1000, 1e-4, 0.02), cosine(1000), log_snr(100, 1e-5, 1e-4)}) {
    const linear_gaussian m{make_tables(beta), 1};
    double kl = 0;
    for (std::int64_t i = 1; i < m.t.steps(); ++i)
      kl += m.expected_kl(i, std::sqrt(1 - value(m.t.beta, i)), value(m.t.beta, i));
    CHECK(std::abs(m.bound(kl) + half_log_2pie) < 1e-9);
  }
}

TEST_CASE("a factor T in place of T − 1 breaks that equality by the known amount") {
  const linear_gaussian m{make_tables(linear(1000, 1e-4, 0.02)), 1};
  double kl = 0;
  for (std::int64_t i = 1; i < 1000; ++i) kl += m.expected_kl(i, std::sqrt(1 - value(m.t.beta, i)), value(m.t.beta, i));
  CHECK(bits(kl / 999) == doctest::Approx(0.00665).epsilon(1e-3));
}

TEST_CASE("perfect reverse steps leave K = −H_q(X¹) − KL(q(x^T)‖π), plus the edge") {
  for (const double s2 : {0.3, 1., 4.}) {
    const linear_gaussian m{make_tables(log_snr(60, 1e-3, 1e-2)), s2};
    double kl = 0;
    for (std::int64_t i = 1; i < 60; ++i) {
      // q(x^{t−1}|x^t) of jointly Gaussian variables.
      const double a = 1 - value(m.t.beta, i), gain = std::sqrt(a) * m.spread(i - 1) / m.spread(i);
      kl += m.expected_kl(i, gain, m.spread(i - 1) * value(m.t.beta, i) / m.spread(i));
    }
    const double first = m.spread(0), last = m.spread(59), edge = 0.5 * (first - s2);
    const double gap = 0.5 * (last - 1 - std::log(last));
    CHECK(m.bound(kl) == doctest::Approx(-half_log_2pie - 0.5 * std::log(first) - gap + edge).epsilon(1e-9));
  }
}

TEST_CASE("correlated data: the Monte Carlo bound meets its closed form") {
  auto g = stream(11);
  const std::int64_t steps = 40, n = 100000;
  const tables t = make_tables(log_snr(steps, 1e-2, 1e-3));
  const Tensor cov = vec({1.5, 0.9, 0.9, 0.8}).view({2, 2}), eye = at::eye(2, at::kDouble);
  const auto closed = [&] {
    double kl = 0;
    for (std::int64_t i = 1; i < steps; ++i) {
      const double a = value(t.alpha_bar, i), rest = value(t.one_minus_alpha_bar, i), b = value(t.beta_tilde, i);
      // With Σ = β̃ and x̂⁰ = E[x⁰|x^t] the KL is c₁² tr Cov(x⁰|x^t) / 2β̃.
      const Tensor left = cov.mm(at::linalg_inv(a * cov + rest * eye)) * rest;
      kl += std::pow(value(t.c1, i), 2) * left.trace().item<double>() / (2 * b);
    }
    const double a = value(t.alpha_bar, steps - 1), rest = value(t.one_minus_alpha_bar, steps - 1);
    const double trace = cov.trace().item<double>();
    const double b1 = t.beta_1(), edge = 0.5 * (2 * b1 - b1 * trace);
    return -kl + std::log(rest) - std::log(b1) - std::log(2 * M_PI) - 0.5 * (a * trace + 2 * rest) + edge;
  }();

  const Tensor x0 = normal({n, 2}, g).mm(at::linalg_cholesky(cov).t());
  const Tensor index = at::randint(1, steps, {n}, g, at::kLong);
  const coefficients c = coefficients_at(t, index, x0);
  const Tensor xt = gaussian::sample(gaussian::marginal(x0, c), normal({n, 2}, g));
  const Tensor ab = c.alpha_bar.unsqueeze(-1), rest = c.one_minus_alpha_bar.unsqueeze(-1);
  const Tensor gain = at::linalg_inv(ab * cov + rest * eye).matmul(cov) * ab.sqrt();
  const Tensor x0_hat = xt.unsqueeze(1).bmm(gain).squeeze(1);
  const distribution p{mean_from_x0(x0_hat, xt, c), c.log_beta_tilde};
  const Tensor kl = gaussian::kl(gaussian::posterior(x0, xt, c), p) * static_cast<double>(steps - 1);

  const distribution pi = gaussian::stationary(x0);
  const distribution first = gaussian::marginal(x0, same_t(t, 0, x0)),
                     last = gaussian::marginal(x0, same_t(t, steps - 1, x0));
  const Tensor edge = gaussian::log_prob(x0, pi) + gaussian::cross_entropy(first, pi);
  const estimate k = estimate_mean(trajectory_bound(kl, gaussian::entropy(last, x0), gaussian::entropy(first, x0),
                                                    gaussian::cross_entropy(last, pi), edge));
  CHECK(std::abs(k.value - closed) < 4 * k.stderr);
  CHECK(k.stderr < 0.05);
}

TEST_CASE("bits: r-distributed data under the heat bath run backwards: K = L_null exactly") {
  const double r = 0.2;
  const tables t = make_tables(reciprocal(12));
  const Tensor x0 = vec({0, 1}).unsqueeze(1), weight = vec({1 - r, r});  // both data points and their probability
  Tensor kl = at::zeros({2}, at::kDouble);
  for (std::int64_t i = 1; i < 12; ++i) {
    const coefficients c = same_t(t, i, x0);
    const Tensor on = binomial::marginal(x0, c, r).location.sigmoid().flatten();
    for (const double bit : {0., 1.}) {
      const Tensor xt = at::full_like(x0, bit);
      const Tensor here = binomial::kl(binomial::posterior(x0, xt, c, r), binomial::transition(xt, c, r));
      kl = kl + (bit > 0 ? on : 1 - on) * here;
    }
  }
  const distribution last = binomial::marginal(x0, same_t(t, 11, x0), r),
                     first = binomial::marginal(x0, same_t(t, 0, x0), r);
  const distribution pi = binomial::stationary(x0, r);
  const Tensor edge = binomial::log_prob(x0, pi) + binomial::cross_entropy(first, pi);
  const Tensor k = trajectory_bound(kl, binomial::entropy(last, x0), binomial::entropy(first, x0),
                                    binomial::cross_entropy(last, pi), edge);
  CHECK(close((k * weight).sum().item<double>(), r * std::log(r) + (1 - r) * std::log(1 - r)));
}

TEST_CASE("the bound's gradient with respect to β matches finite differences") {
  auto g = stream(12);
  const std::int64_t n = 8;
  const Tensor x0 = normal({n, 2}, g) * vec({1.3, 0.4}), noise = normal({n, 2}, g);
  const Tensor index = at::tensor(std::vector<std::int64_t>{1, 2, 3, 4, 5, 3, 2, 5}, at::kLong);
  const auto bound = [&](const Tensor& beta) {
    const tables t = make_tables(beta);
    const coefficients c = coefficients_at(t, index, x0);
    const Tensor xt = gaussian::sample(gaussian::marginal(x0, c), noise);  // the noise is frozen
    const distribution p{mean_from_epsilon(0.6 * xt, xt, c), c.log_beta};
    const Tensor kl = gaussian::kl(gaussian::posterior(x0, xt, c), p) * 5;
    const distribution last = gaussian::marginal(x0, same_t(t, 5, x0)),
                       first = gaussian::marginal(x0, same_t(t, 0, x0));
    const distribution pi = gaussian::stationary(x0);
    const Tensor edge = gaussian::log_prob(x0, pi) + gaussian::cross_entropy(first, pi);
    return trajectory_bound(kl, gaussian::entropy(last, x0), gaussian::entropy(first, x0),
                            gaussian::cross_entropy(last, pi), edge)
        .mean();
  };
  const Tensor beta = vec({0.02, 0.1, 0.2, 0.15, 0.4, 0.6}).requires_grad_(true);
  const Tensor slope = torch::autograd::grad({bound(beta)}, {beta})[0];
  for (std::int64_t i = 0; i < 6; ++i) {
    const double h = 1e-6;
    Tensor up = beta.detach().clone(), down = beta.detach().clone();
    up[i] += h;
    down[i] -= h;
    const double difference = (bound(up) - bound(down)).item<double>() / (2 * h);
    CHECK(close(value(slope, i), difference, 1e-5));
  }
}

TEST_CASE("units and estimates") {
  CHECK(close(bits(vec({std::log(2.)})), vec({1})));
  const estimate e = estimate_mean(vec({1, 2, 3, 6}));
  CHECK(close(e.value, 3));
  CHECK(close(e.stderr, std::sqrt(14. / 3 / 4)));
  CHECK(std::isnan(estimate_mean(vec({1})).stderr));
  CHECK_THROWS_AS(estimate_mean(at::zeros({2, 2})), error);
}

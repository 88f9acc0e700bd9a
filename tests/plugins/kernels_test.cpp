#include <numbers>

#include "make.hpp"

using namespace noneq;
using namespace testing;

TEST_CASE("Gaussian atoms: matched has the first two moments of the true reverse step") {
  const auto p = make_process("gaussian", "{plugin: linear, steps: 12, first: 0.02, last: 0.4}", "x0", "fixed_small");
  const Tensor atoms = at::tensor({-1.2, 0.3, 1.5}, at::kDouble).view({3, 1});
  const Tensor prior = at::tensor({0.5, 0.3, 0.2}, at::kDouble);
  const Tensor grid = at::linspace(-9, 9, 40001, at::kDouble);
  const auto density = [](const Tensor& x, const Tensor& mean, double variance) {
    return (-(x - mean).square() / (2 * variance)).exp() / std::sqrt(2 * std::numbers::pi * variance);
  };
  for (const double v : {0., 0.04})
    for (const std::int64_t i : {1, 4, 11})
      for (const double seen : {-1.1, 0.7}) {
        const Tensor xt = at::full({1, 1}, seen, at::kDouble);
        const auto c = coefficients_at(p.tables, at::full({1}, i, at::kLong), xt);
        // q(x^{t−1}|x^t) ∝ q(x^t|x^{t−1}) Σ_k w_k q(x^{t−1}|atom k), on a grid.
        const double keep = c.alpha_bar_prev.item<double>(), beta = c.beta.item<double>();
        Tensor q = at::zeros_like(grid);
        for (int k = 0; k < 3; ++k) q += prior[k] * density(grid, std::sqrt(keep) * atoms[k], keep * v + 1 - keep);
        q = q * density(xt[0], std::sqrt(1 - beta) * grid, beta);
        const double evidence = q.sum().item<double>() * (18. / 40000);
        q = q / q.sum();
        const double mean = (q * grid).sum().item<double>();
        const double variance = (q * (grid - mean).square()).sum().item<double>();

        const Tensor log_joint = prior.log() + p.kernel->log_marginal_of_atoms(xt, atoms, v, c);
        CHECK(log_joint.logsumexp(1).item<double>() == doctest::Approx(std::log(evidence)).epsilon(1e-6));
        const distribution m = p.kernel->matched(log_joint.softmax(1), atoms, v, xt, c);
        CHECK(m.location.item<double>() == doctest::Approx(mean).epsilon(1e-6));
        CHECK(m.log_variance.exp().item<double>() == doctest::Approx(variance).epsilon(1e-5));
      }
}

TEST_CASE("Gaussian atoms: many dimensions are a product, whatever the shape") {
  const auto p = make_process("gaussian", "{plugin: linear, steps: 12}", "x0", "fixed_small");
  const Tensor xt = stream(1).normal({4, 2, 3}).to(at::kDouble), atoms = stream(2).normal({5, 2, 3}).to(at::kDouble);
  const auto c = coefficients_at(p.tables, at::tensor({0, 3, 7, 11}, at::kLong), xt);
  const Tensor log_q = p.kernel->log_marginal_of_atoms(xt, atoms, 0, c);
  for (int k = 0; k < 5; ++k) {
    const auto d = p.kernel->marginal(atoms[k].unsqueeze(0).expand_as(xt), c);
    CHECK(largest(log_q.select(1, k) / p.kernel->log_prob(xt, d) - 1) < 1e-10);
  }
  const distribution m = p.kernel->matched(log_q.softmax(1), atoms, 0, xt, c);
  CHECK(m.location.sizes() == xt.sizes());
  CHECK(m.log_variance.isfinite().all().item<bool>());
}

TEST_CASE("binomial atoms: matched has the true reverse step's bits, enumerated") {
  const auto p = make_process("{plugin: binomial, r: 0.3}", "{plugin: reciprocal, steps: 6}", "x0");
  const kernel& k = *p.kernel;
  const Tensor atoms = at::tensor({1., 0., 1., 0., 0., 1.}, at::kDouble).view({2, 3});
  const Tensor prior = at::tensor({0.4, 0.6}, at::kDouble);
  Tensor states = at::empty({8, 3}, at::kDouble);
  for (int s = 0; s < 8; ++s)
    for (int j = 0; j < 3; ++j) states[s][j] = s >> j & 1;

  for (std::int64_t i = 1; i < 6; ++i) {
    const auto here = coefficients_at(p.tables, at::full({8}, i, at::kLong), states);
    const auto before = coefficients_at(p.tables, at::full({8}, i - 1, at::kLong), states);
    Tensor q_before = at::zeros({8}, at::kDouble);
    for (int a = 0; a < 2; ++a)
      q_before += prior[a] * k.log_prob(states, k.marginal(atoms[a].unsqueeze(0).expand_as(states), before)).exp();
    const Tensor log_joint = prior.log() + k.log_marginal_of_atoms(states, atoms, 0, here);
    CHECK(log_joint.logsumexp(1).exp().sum().item<double>() == doctest::Approx(1));
    const Tensor bits = k.matched(log_joint.softmax(1), atoms, 0, states, here).location.sigmoid();
    for (int s = 0; s < 8; ++s) {
      const Tensor step = k.log_prob(states[s].unsqueeze(0).expand_as(states), k.transition(states, here)).exp();
      const Tensor joint = q_before * step;
      CHECK(largest(bits[s] - (joint / joint.sum()).matmul(states)) < 1e-10);
    }
  }
  const auto c = coefficients_at(p.tables, at::full({8}, 2, at::kLong), states);
  CHECK_THROWS_AS(k.log_marginal_of_atoms(states, atoms, 0.1, c), error);
}

TEST_CASE("samples follow the distribution they are drawn from, row by row") {
  for (const char* name : {"gaussian", "{plugin: binomial, r: 0.3}"}) {
    const auto k = make<kernel>(name);
    const auto t = make_tables(make<schedule>("{plugin: linear, steps: 9, last: 0.3}")->beta());
    const Tensor x0 = at::ones({4000, 2});
    const auto d = k->marginal(x0, coefficients_at(t, at::full({4000}, 8, at::kLong), x0));
    const Tensor noise = k->noise({4000, 2}, stream(3), 0);
    CHECK(at::equal(noise.slice(0, 100, 200), k->noise({100, 2}, stream(3), 100)));
    CHECK(mean_is(-k->log_prob(k->sample(d, noise), d), k->entropy(d)[0].item<double>()));
    CHECK(largest(k->entropy(d) - k->cross_entropy(d, d)) < 1e-5);
    CHECK(largest(k->kl(d, d)) == 0);
  }
}

TEST_CASE("data of another space is refused") {
  const Tensor bits = at::tensor({0.f, 1.f}), numbers = at::tensor({0.f, 0.5f});
  CHECK_NOTHROW(make<kernel>("binomial")->check_data(bits));
  CHECK_THROWS_AS(make<kernel>("binomial")->check_data(numbers), error);
  CHECK_NOTHROW(make<kernel>("gaussian")->check_data(numbers));
  CHECK_THROWS_AS(make<kernel>("gaussian")->check_data(numbers / 0), error);
  CHECK_THROWS_AS(make<kernel>("{plugin: binomial, r: 1}"), error);
}

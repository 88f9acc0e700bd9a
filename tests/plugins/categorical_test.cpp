// Categorical kernels against enumeration of their K states, in float64.
#include <cmath>

#include "noneq/diffusion/coefficients.hpp"
#include "plugins/make.hpp"

using namespace noneq;
using namespace testing;

namespace {

constexpr std::int64_t K = 4, T = 6;
const char* const kernels[] = {"uniform", "absorbing"};

const Tensor every_state = at::eye(K, at::kDouble).unsqueeze(2);  // [K, K, 1]: every state, one place

struct chain {
  std::shared_ptr<kernel> k;
  tables t = make_tables(make<schedule>("{plugin: linear, steps: 6, first: 0.1, last: 0.6}")->beta());

  explicit chain(const char* name) : k(make<kernel>(name)) {}
  coefficients at_step(std::int64_t i, std::int64_t n = K) const {
    return coefficients_at(t, at::full({n}, i, at::kLong), at::zeros({n, K, 1}, at::kDouble));
  }
  static Tensor matrix(const distribution& d) { return d.location.exp().squeeze(2); }  // [from, to]
};

}

TEST_CASE("categorical: steps make the marginal, and the posterior is Bayes' over all states") {
  for (const char* name : kernels) {
    CAPTURE(name);
    const chain c(name);
    Tensor before = at::eye(K, at::kDouble);  // q(x^{t−1}|x⁰), [x⁰, x^{t−1}]
    for (std::int64_t i = 0; i < T; ++i) {
      const coefficients here = c.at_step(i);
      const Tensor step = chain::matrix(c.k->transition(every_state, here)), now = before.matmul(step);
      CHECK(largest(chain::matrix(c.k->marginal(every_state, here)) - now) < 1e-12);
      for (std::int64_t x0 = 0; x0 < K; ++x0)
        for (std::int64_t xt = 0; xt < K; ++xt) {
          const Tensor joint = before[x0] * step.select(1, xt);
          if (joint.sum().item<double>() < 1e-12) continue;  // never happens
          const distribution d =
              c.k->posterior(every_state.narrow(0, x0, 1), every_state.narrow(0, xt, 1), c.at_step(i, 1));
          CHECK(largest(chain::matrix(d)[0] - joint / joint.sum()) < 1e-12);
        }
      before = now;
    }
  }
}

TEST_CASE("categorical: π stays π, and the uniform kernel is in detailed balance with it") {
  for (const char* name : kernels) {
    const chain c(name);
    const Tensor pi = chain::matrix(c.k->stationary(every_state))[0];
    const Tensor step = chain::matrix(c.k->transition(every_state, c.at_step(3)));
    CHECK(largest(pi.matmul(step) - pi) < 1e-12);
    if (std::string(name) == "uniform") CHECK(largest(step - step.t()) < 1e-12);
  }
}

TEST_CASE("categorical: told probabilities, the posterior is the sum of joint probabilities over x⁰") {
  for (const char* name : kernels) {
    CAPTURE(name);
    const chain c(name);
    const auto mean = make<noneq::mean>("category");
    const Tensor z = stream(1).normal({K, K, 1}).to(at::kDouble), p = z.softmax(1).squeeze(2);
    const coefficients here = c.at_step(3);
    const Tensor before = chain::matrix(c.k->marginal(every_state, c.at_step(2)));
    const Tensor step = chain::matrix(c.k->transition(every_state, here));
    const Tensor joint = p.matmul(before) * step.t();  // row: x^t, column: x^{t−1}
    const distribution got{mean->location(z, {every_state, here, *c.k}), {}};
    CHECK(largest(chain::matrix(got) - joint / joint.sum(1, true)) < 1e-12);
  }
}

TEST_CASE("categorical: measures agree, samples follow their distribution, row by row") {
  for (const char* name : kernels) {
    CAPTURE(name);
    const chain c(name);
    const std::int64_t n = 4000;
    const Tensor x0 = every_state.narrow(0, 1, 1).expand({n, K, 1});
    const distribution q = c.k->marginal(x0, c.at_step(3, n)), p = c.k->marginal(x0, c.at_step(5, n));
    const Tensor noise = c.k->noise({n, K, 1}, stream(3), 0);
    CHECK(at::equal(noise.slice(0, 100, 200), c.k->noise({100, K, 1}, stream(3), 100)));
    const Tensor x = c.k->sample(q, noise);
    CHECK_NOTHROW(c.k->check_data(x));
    CHECK(mean_is(-c.k->log_prob(x, q), c.k->entropy(q)[0].item<double>()));
    CHECK(largest(c.k->kl(q, p) - (c.k->cross_entropy(q, p) - c.k->entropy(q))) < 1e-12);
    CHECK(largest(c.k->kl(q, q)) == 0);
    CHECK(c.k->kl(q, p)[0].item<double>() > 0);
    CHECK(at::equal(c.k->most_likely({every_state, {}}), every_state));
  }
}

TEST_CASE("categorical: atoms have the probabilities of their marginals, and the matched step mixes their posteriors") {
  for (const char* name : kernels) {
    const chain c(name);
    const coefficients here = c.at_step(3);
    const Tensor of_atoms = c.k->log_marginal_of_atoms(every_state, every_state, 0, here);  // [x^t, x⁰]
    CHECK(largest(of_atoms.exp() - chain::matrix(c.k->marginal(every_state, here)).t()) < 1e-12);
    const Tensor weights = of_atoms.softmax(1);  // P(x⁰|x^t) when all atoms are alike
    const Tensor before = chain::matrix(c.k->marginal(every_state, c.at_step(2)));
    const Tensor joint = before.sum(0) * chain::matrix(c.k->transition(every_state, here)).t();
    CHECK(largest(chain::matrix(c.k->matched(weights, every_state, 0, every_state, here)) -
                  joint / joint.sum(1, true)) < 1e-12);
    CHECK_THROWS_AS(c.k->log_marginal_of_atoms(every_state, every_state, 0.1, here), error);
  }
}

TEST_CASE("categorical: data that is not one-hot is refused") {
  const auto k = make<kernel>("uniform");
  CHECK_NOTHROW(k->check_data(every_state));
  for (const Tensor& x : {at::zeros({2, 3, 1}), at::ones({2, 3, 1}), 0.5 * at::ones({2, 2, 1}), at::ones({3})})
    CHECK_THROWS_AS(k->check_data(x), error);
}

TEST_CASE("categorical: the loss of a network that knows x⁰ is near 0, and λ weighs the cross-entropy of x̂⁰") {
  const process p = make_process("uniform", "{plugin: reciprocal, steps: 10}", "category");
  const Tensor x0 = every_state.to(at::kFloat), index = at::tensor({0, 3, 6, 9}, at::kLong);
  const auto c = coefficients_at(p.tables, index, x0);
  const Tensor xt = p.kernel->sample(p.kernel->marginal(x0, c), p.kernel->noise({K, K, 1}, stream(2), 0));
  const auto loss = [&](const char* lambda, const Tensor& z) {
    return make<noneq::loss>(std::string("{plugin: category, lambda: ") + lambda + "}")
        ->run({0, 0, {{"x0", x0}, {"xt", xt}, {"t", index}, {"output", z}}}, p);
  };
  CHECK(largest(loss("1", 80 * x0)) < 1e-4);
  const Tensor z = at::zeros({K, K, 1});
  CHECK(largest(loss("1", z) - loss("0", z) - std::log(4.) / 4) < 1e-5);
}

#include "noneq/diffusion/gaussian.hpp"

#include "diffusion/close.hpp"
#include "noneq/diffusion/schedules.hpp"

using namespace noneq;
using namespace testing;

namespace {

distribution random_gaussian(at::Generator& g) { return {normal({4, 3}, g), normal({4, 3}, g)}; }

}

TEST_CASE("the Gaussian kernel is in detailed balance with N(0, I)") {
  auto g = stream(1);
  const tables t = make_tables(linear(10, 0.01, 0.9));
  const Tensor x = normal({6, 3}, g), y = normal({6, 3}, g);
  const distribution pi = gaussian::stationary(x);
  for (const std::int64_t i : {0, 4, 9}) {
    const coefficients c = same_t(t, i, x);
    const Tensor there = gaussian::log_prob(y, gaussian::transition(x, c)) + gaussian::log_prob(x, pi);
    const Tensor back = gaussian::log_prob(x, gaussian::transition(y, c)) + gaussian::log_prob(y, pi);
    CHECK(close(there, back));
  }
}

TEST_CASE("Bayes: posterior × marginal of x^t = transition × marginal of x^{t−1}") {
  auto g = stream(2);
  const tables t = make_tables(cosine(20));
  const Tensor x0 = normal({6, 3}, g), xprev = normal({6, 3}, g), xt = normal({6, 3}, g);
  for (const std::int64_t i : {1, 10, 19}) {
    const coefficients c = same_t(t, i, x0), before = same_t(t, i - 1, x0);
    const Tensor joint = gaussian::log_prob(xprev, gaussian::marginal(x0, before)) +
                         gaussian::log_prob(xt, gaussian::transition(xprev, c));
    const Tensor bayes =
        gaussian::log_prob(xt, gaussian::marginal(x0, c)) + gaussian::log_prob(xprev, gaussian::posterior(x0, xt, c));
    CHECK(close(joint, bayes, 1e-8));
  }
}

TEST_CASE("information measures of Gaussians agree with one another") {
  auto g = stream(3);
  const distribution q = random_gaussian(g), p = random_gaussian(g);
  CHECK(at::equal(gaussian::kl(q, q), at::zeros({4}, at::kDouble)));
  CHECK((gaussian::kl(q, p) > 0).all().item<bool>());
  CHECK(close(gaussian::kl(q, p), gaussian::cross_entropy(q, p) - gaussian::entropy(q, q.location)));
  CHECK(close(gaussian::cross_entropy(q, q), gaussian::entropy(q, q.location)));
  const Tensor like = at::zeros({4, 5}, at::kDouble);
  CHECK(close(gaussian::entropy(gaussian::stationary(like), like),
              at::full({4}, 2.5 * std::log(2 * M_PI * std::exp(1.)), at::kDouble)));
}

TEST_CASE("per-sample and per-dimension log-variances mean the same") {
  auto g = stream(4);
  const Tensor m = normal({4, 3}, g), lv = normal({4, 1}, g), x = normal({4, 3}, g);
  const distribution narrow{m, lv}, wide{m, lv.expand_as(m)}, p = random_gaussian(g);
  CHECK(close(gaussian::log_prob(x, narrow), gaussian::log_prob(x, wide)));
  CHECK(close(gaussian::kl(narrow, p), gaussian::kl(wide, p)));
  CHECK(close(gaussian::kl(p, narrow), gaussian::kl(p, wide)));
  CHECK(close(gaussian::entropy(narrow, m), gaussian::entropy(wide, m)));
  CHECK(close(gaussian::cross_entropy(p, narrow), gaussian::cross_entropy(p, wide)));
}

TEST_CASE("kl is the mean log ratio of samples") {
  auto g = stream(5);
  const std::int64_t n = 100000;
  const distribution q{vec({0.3}).expand({n, 1}), vec({-0.5}).expand({n, 1})};
  const distribution p{vec({-0.2}).expand({n, 1}), vec({0.4}).expand({n, 1})};
  const Tensor x = gaussian::sample(q, normal({n, 1}, g));
  const Tensor ratio = gaussian::log_prob(x, q) - gaussian::log_prob(x, p);
  const double error = (ratio.std() / std::sqrt(double(n))).item<double>();
  CHECK(std::abs((ratio.mean() - gaussian::kl(q, p)[0]).item<double>()) < 4 * error);
}

TEST_CASE("T single Gaussian steps arrive at the T-step marginal") {
  auto g = stream(6);
  const tables t = make_tables(linear(30, 0.01, 0.3));
  const std::int64_t n = 50000;
  const Tensor x0 = at::full({n, 1}, 1.7, at::kDouble);
  Tensor x = x0;
  for (std::int64_t i = 0; i < 20; ++i)
    x = gaussian::sample(gaussian::transition(x, same_t(t, i, x)), normal({n, 1}, g));
  const distribution direct = gaussian::marginal(x0, same_t(t, 19, x));
  const double variance = std::exp(direct.log_variance[0].item<double>());
  CHECK(std::abs((x.mean() - direct.location[0][0]).item<double>()) < 4 * std::sqrt(variance / n));
  CHECK(std::abs(x.var().item<double>() - variance) < 4 * variance * std::sqrt(2. / n));
}

TEST_CASE("the posterior at t = 1 is x0 with the log-variance of t = 2") {
  auto g = stream(7);
  const tables t = make_tables(linear(30, 0.01, 0.3));
  const Tensor x0 = normal({2, 3}, g), xt = normal({2, 3}, g);
  const distribution d = gaussian::posterior(x0, xt, same_t(t, 0, x0));
  CHECK(at::equal(d.location, x0));
  CHECK(close(d.log_variance, t.beta_tilde[1].log().expand({2, 1})));
}

TEST_CASE("the first step and a last step of β = 1 give finite measures and gradients") {
  for (const auto type : {at::kDouble, at::kFloat})
    for (const std::int64_t i : {0, 9}) {
      const Tensor beta = reciprocal(10).requires_grad_(true);
      const Tensor x0 = vec({-1, 0, 3}).to(type).unsqueeze(0), noise = vec({1, -2, 0}).to(type).unsqueeze(0);
      const coefficients c = same_t(make_tables(beta), i, x0);
      const distribution there = gaussian::marginal(x0, c);
      const Tensor xt = gaussian::sample(there, noise);
      const distribution q = gaussian::posterior(x0, xt, c), p{0.9 * xt, c.log_beta}, pi = gaussian::stationary(x0);
      const Tensor sum = gaussian::kl(q, p) + gaussian::entropy(there, x0) + gaussian::cross_entropy(there, pi) +
                         gaussian::log_prob(xt, p);
      CHECK(finite(sum));
      CHECK(finite(torch::autograd::grad({sum.sum()}, {beta})[0]));
    }
}

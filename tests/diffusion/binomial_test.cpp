#include "noneq/diffusion/binomial.hpp"

#include "diffusion/close.hpp"
#include "noneq/core/error.hpp"
#include "noneq/diffusion/schedules.hpp"

using namespace noneq;
using namespace testing;

namespace {

// The four pairs of bits.
const Tensor first_bit = vec({0, 0, 1, 1}), second_bit = vec({0, 1, 0, 1});

Tensor probability(const distribution& d) { return d.location.sigmoid(); }

Tensor probability(const Tensor& x, const distribution& d) { return binomial::log_prob(x, d).exp(); }

}

TEST_CASE("the binomial posterior has the published values") {
  const coefficients c = same_t(make_tables(reciprocal(10)), 4, first_bit);
  const distribution d = binomial::posterior(second_bit, first_bit, c, 0.5);
  CHECK(close(probability(d), vec({1 / 45., 4 / 15., 11 / 15., 44 / 45.})));
}

TEST_CASE("the heat bath is in detailed balance with B(r)") {
  const tables t = make_tables(reciprocal(10));
  for (const double r : {0.2, 0.5, 0.99})
    for (const std::int64_t i : {0, 5, 9}) {
      const coefficients c = same_t(t, i, first_bit);
      const distribution pi = binomial::stationary(first_bit, r);
      const Tensor there = binomial::log_prob(second_bit, binomial::transition(first_bit, c, r));
      const Tensor back = binomial::log_prob(first_bit, binomial::transition(second_bit, c, r));
      CHECK(close(there + binomial::log_prob(first_bit, pi), back + binomial::log_prob(second_bit, pi)));
    }
}

TEST_CASE("marginal and posterior agree with enumeration of the chain") {
  const double r = 0.3;
  for (const Tensor& beta : {reciprocal(6), linear(6, 0.01, 0.7)}) {
    const tables t = make_tables(beta);
    for (const double start : {0., 1.}) {
      Tensor at_one = at::full({1}, start, at::kDouble);  // P(x^{t−1} = 1)
      for (std::int64_t i = 0; i < 6; ++i) {
        const Tensor zero = at::zeros({1}, at::kDouble), one = at::ones({1}, at::kDouble);
        const coefficients c = same_t(t, i, one);
        const Tensor x0 = at::full({1}, start, at::kDouble);
        const Tensor from_one = probability(binomial::transition(one, c, r));
        const Tensor from_zero = probability(binomial::transition(zero, c, r));
        const Tensor next = at_one * from_one + (1 - at_one) * from_zero;
        CHECK(close(probability(binomial::marginal(x0, c, r)), next));
        CHECK(close(probability(binomial::posterior(x0, one, c, r)), at_one * from_one / next));
        CHECK(close(probability(binomial::posterior(x0, zero, c, r)), at_one * (1 - from_one) / (1 - next)));
        at_one = next;
      }
    }
  }
}

TEST_CASE("a mixture of posteriors is what its definition says") {
  const tables t = make_tables(reciprocal(10));
  const Tensor xt = at::cat({at::zeros({5}, at::kDouble), at::ones({5}, at::kDouble)});
  const Tensor p = vec({0, 1e-6, 0.3, 0.999999, 1, 0, 1e-6, 0.3, 0.999999, 1});
  for (const std::int64_t i : {0, 1, 5, 8}) {
    const coefficients c = same_t(t, i, xt);
    const Tensor one = probability(binomial::posterior(at::ones_like(xt), xt, c, 0.2));
    const Tensor zero = probability(binomial::posterior(at::zeros_like(xt), xt, c, 0.2));
    const distribution d = binomial::posterior_mixture(p, xt, c, 0.2);
    CHECK(close(probability(d), p * one + (1 - p) * zero));
  }
}

TEST_CASE("information measures of bits agree with one another") {
  auto g = stream(3);
  const distribution q{3 * normal({4, 6}, g), {}}, p{3 * normal({4, 6}, g), {}};
  CHECK(at::equal(binomial::kl(q, q), at::zeros({4}, at::kDouble)));
  CHECK((binomial::kl(q, p) > 0).all().item<bool>());
  CHECK(close(binomial::kl(q, p), binomial::cross_entropy(q, p) - binomial::entropy(q, q.location)));
  const Tensor like = at::zeros({4, 20}, at::kDouble);
  const double h = -(0.2 * std::log(0.2) + 0.8 * std::log(0.8));
  CHECK(close(binomial::entropy(binomial::stationary(like, 0.2), like), at::full({4}, 20 * h, at::kDouble)));
  CHECK(close(probability(at::ones({1}, at::kDouble), binomial::stationary(at::ones({1}, at::kDouble), 0.2)),
              vec({0.2})));
}

TEST_CASE("certain bits have finite measures and gradients in both precisions") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const auto type : {at::kDouble, at::kFloat}) {
    const Tensor certain = vec({-inf, inf, -1e30, 500, 0}).to(type).unsqueeze(0);
    const Tensor other = certain.flip({1}).clone().requires_grad_(true);
    const Tensor logit = certain.clone().requires_grad_(true);
    const distribution q{logit, {}}, p{other, {}};
    CHECK(binomial::entropy({certain, {}}, certain).item<double>() == doctest::Approx(std::log(2.)).epsilon(1e-6));
    const Tensor bits_in = at::ones_like(certain);
    const Tensor sum = binomial::kl(q, p) + binomial::cross_entropy(q, p) + binomial::entropy(q, certain) +
                       binomial::log_prob(bits_in, p);
    CHECK(finite(sum));
    for (const auto& slope : torch::autograd::grad({sum.sum()}, {logit, other})) CHECK(finite(slope));
    CHECK(at::equal(binomial::sample({certain, {}}, at::full_like(certain, 0.4)),
                    vec({0, 1, 0, 1, 1}).to(type).unsqueeze(0)));
  }
}

TEST_CASE("the first and the last step of the reciprocal schedule give finite gradients") {
  for (const auto type : {at::kDouble, at::kFloat})
    for (const std::int64_t i : {0, 9}) {
      const Tensor beta = reciprocal(10).requires_grad_(true);
      const Tensor xt = first_bit.to(type), x0 = second_bit.to(type);
      const coefficients c = same_t(make_tables(beta), i, xt);
      const Tensor p = vec({0, 1, 0.5, 1}).to(type).requires_grad_(true);
      const distribution q = binomial::posterior(x0, xt, c, 0.2);
      const distribution a = binomial::posterior_mixture(p, xt, c, 0.2);
      const Tensor loss = binomial::kl(q, a) + binomial::log_prob(xt, binomial::marginal(x0, c, 0.2)) +
                          binomial::log_prob(xt, binomial::transition(x0, c, 0.2));
      CHECK(finite(loss));
      for (const auto& slope : torch::autograd::grad({loss.sum()}, {beta, p})) CHECK(finite(slope));
    }
}

TEST_CASE("t single heat-bath steps arrive at the t-step marginal") {
  auto g = stream(6);
  const tables t = make_tables(reciprocal(20));
  const std::int64_t n = 50000;
  const Tensor x0 = at::ones({n, 1}, at::kDouble);
  Tensor x = x0;
  for (std::int64_t i = 0; i < 12; ++i)
    x = binomial::sample(binomial::transition(x, same_t(t, i, x), 0.2), uniform({n, 1}, g));
  const double p = probability(binomial::marginal(x0, same_t(t, 11, x), 0.2))[0].item<double>();
  CHECK(close(p, 0.4 + 0.6 * 0.2));
  CHECK(std::abs(x.mean().item<double>() - p) < 4 * std::sqrt(p * (1 - p) / n));
}

TEST_CASE("r outside (0, 1) is refused") {
  CHECK_THROWS_AS(binomial::stationary(first_bit, 0), error);
  CHECK_THROWS_AS(binomial::stationary(first_bit, 1), error);
}

#include "noneq/diffusion/means.hpp"

#include "diffusion/close.hpp"
#include "noneq/diffusion/gaussian.hpp"
#include "noneq/diffusion/schedules.hpp"
#include "noneq/diffusion/variances.hpp"

using namespace noneq;
using namespace testing;

TEST_CASE("one point of the linear schedule, through every parametrization") {
  const tables t = make_tables(linear(1000, 1e-4, 0.02));
  const Tensor x0 = vec({0.3}), eps = vec({-1.2});
  const coefficients c = same_t(t, 500, x0);
  const Tensor xt = gaussian::sample(gaussian::marginal(x0, c), eps);
  CHECK(close(xt.item<double>(), -1.068700869809829));
  CHECK(close(x0_from_v(vec({-0.6227988847675587}), xt, c).item<double>(), 0.3, 1e-9));
  CHECK(close(mean_from_x0(x0, xt, c).item<double>(), -1.0614827672127591));
  CHECK(close(gaussian::posterior(x0, xt, c).location.item<double>(), -1.0614827672127591));
  CHECK(close(mean_from_epsilon(eps, xt, c).item<double>(), -1.0614827672127591));
}

TEST_CASE("every conversion has its inverse, and all name the same mean") {
  auto g = stream(1);
  for (const Tensor& beta : {linear(1000, 1e-4, 0.02), cosine(1000), log_snr(40, 1e-3, 1e-3)}) {
    const tables t = make_tables(beta);
    for (const std::int64_t i : {std::int64_t{0}, std::int64_t{1}, t.steps() / 2, t.steps() - 1}) {
      const Tensor x0 = normal({5, 3}, g), xt = normal({5, 3}, g);
      const coefficients c = same_t(t, i, x0);
      const auto same = [](const Tensor& a, const Tensor& b) { return close(a, b, 1e-7, 1e-7); };
      const Tensor eps = epsilon_from_x0(x0, xt, c);
      const Tensor v = c.sqrt_alpha_bar * eps - c.sqrt_one_minus_alpha_bar * x0;
      const Tensor score = -eps / c.sqrt_one_minus_alpha_bar, mean = mean_from_x0(x0, xt, c);
      CHECK(same(x0_from_epsilon(eps, xt, c), x0));
      CHECK(same(x0_from_v(v, xt, c), x0));
      CHECK(same(x0_from_score(score, xt, c), x0));
      CHECK(same(x0_from_mean(mean, xt, c), x0));
      CHECK(same(mean_from_epsilon(eps, xt, c), mean));
      CHECK(same(mean_from_perturbation(perturbation_from_mean(mean, xt, c), xt, c), mean));
      const Tensor lv = fixed_large(c);
      const Tensor decayed = decay_from_mean(mean, xt, lv);
      CHECK(same(mean_from_decay(decayed, xt, lv), mean));
      CHECK(same((xt - decayed) * (1 - lv.exp()) + decayed, mean));
    }
  }
}

TEST_CASE("v gives a finite x0 where the signal is gone") {
  const Tensor xt = vec({0.5, -2});
  const coefficients c = same_t(make_tables(reciprocal(4)), 3, xt);
  const Tensor v = vec({1, 2});
  CHECK(at::equal(x0_from_v(v, xt, c), -v));
}

TEST_CASE("log-variances keep to their bounds") {
  const tables t = make_tables(linear(100, 1e-4, 0.2));
  const Tensor x = at::zeros({1, 2}, at::kDouble);
  for (const std::int64_t i : {1, 50, 99}) {
    const coefficients c = same_t(t, i, x);
    CHECK(close(fixed_small(c), t.beta_tilde[i].log().view({1, 1})));
    CHECK(close(fixed_large(c), t.beta[i].log().view({1, 1})));
    CHECK(close(learned_range(at::ones_like(x), c), fixed_large(c).expand_as(x)));
    CHECK(close(learned_range(-at::ones_like(x), c), fixed_small(c).expand_as(x)));
    CHECK(close(variances::perturbation(at::zeros_like(x), c, 100), fixed_large(c).expand_as(x)));
    CHECK(close(variances::perturbation(at::full_like(x, 3), c, 100).exp(),
                at::sigmoid(0.3 + at::logit(t.beta[i])).expand_as(x)));
  }
  const coefficients first = same_t(t, 0, x);
  CHECK(close(fixed_small(first), t.beta_tilde[1].log().view({1, 1})));
  CHECK(close(fixed_large(first), t.beta_tilde[1].log().view({1, 1})));
  CHECK(close(learned_range(at::ones_like(x), first), t.beta[0].log().expand_as(x)));
}

TEST_CASE("a learned log-variance is the output itself, bounded, and never without a gradient") {
  const Tensor inside = at::linspace(-20, 0, 21, at::kDouble);
  CHECK(close(learned(inside), inside, 1e-8, 1e-8));
  const Tensor far = vec({-60, -1e4, 40, 1e4}).requires_grad_(true);
  const Tensor lv = learned(far);
  CHECK((lv.ge(-40) & lv.le(20)).all().item<bool>());
  const Tensor slope = torch::autograd::grad({lv.sum()}, {far})[0];
  CHECK(finite(slope));
  CHECK(value(slope, 0) > 0);
  CHECK(value(slope, 2) > 0);
}

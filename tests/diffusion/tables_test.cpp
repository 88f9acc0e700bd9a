#include "noneq/diffusion/tables.hpp"

#include "diffusion/close.hpp"
#include "noneq/core/error.hpp"
#include "noneq/diffusion/schedules.hpp"

using namespace noneq;
using namespace testing;

TEST_CASE("tables of the linear schedule have the published values") {
  const tables t = make_tables(linear(1000, 1e-4, 0.02));
  CHECK(t.steps() == 1000);
  CHECK(t.beta_1() == 1e-4);
  CHECK(close(value(t.alpha_bar, 0), 0.9999));
  CHECK(close(value(t.alpha_bar, 499), 0.07858724288177825));
  CHECK(close(value(t.alpha_bar, 999), 4.035829765375685e-05));
  CHECK(close(value(t.c1, 500), 0.0030580570756296196));
  CHECK(close(value(t.c2, 500), 0.9941043507567258));
  CHECK(close(value(vlb_weight(t, t.log_beta_tilde_clipped), 1), 0.599671512159316));
  CHECK(close(value(vlb_weight(t, t.beta.log()), 1), 0.2726920842780397));
}

TEST_CASE("laws of the tables under every schedule") {
  for (const Tensor& beta : {linear(1000, 1e-4, 0.02), cosine(1000), quadratic(50, 1e-4, 0.3), log_snr(40, 1e-5, 1e-4),
                             constant(1, 0.3), reciprocal(2000)}) {
    const tables t = make_tables(beta);
    const auto n = t.steps();
    CHECK(close(t.alpha_bar + t.one_minus_alpha_bar, at::ones({n}, at::kDouble)));
    CHECK(close(t.snr, t.alpha_bar / t.one_minus_alpha_bar));
    CHECK(value(t.c1, 0) == 1);
    CHECK(value(t.c2, 0) == 0);
    CHECK(value(t.beta_tilde, 0) == 0);
    for (const Tensor& x : {t.alpha_bar, t.beta_tilde, t.log_beta_tilde_clipped, t.c1, t.c2, t.snr}) CHECK(finite(x));
    const Tensor prev = at::cat({at::ones({1}, at::kDouble), t.alpha_bar.narrow(0, 0, n - 1)});
    // The posterior's mean of x^{t−1}, averaged over x^t, is √ᾱ_{t−1} x⁰; and its variance fills up 1 − ᾱ_{t−1}.
    CHECK(close(t.c1 + t.c2 * t.alpha_bar.sqrt(), prev.sqrt(), 1e-9));
    CHECK(close(t.beta_tilde + t.c2.square() * t.one_minus_alpha_bar, 1 - prev, 1e-9));
  }
}

TEST_CASE("fixed_small's weight is half the relative fall of the signal-to-noise ratio") {
  const tables t = make_tables(cosine(100));
  const Tensor w = vlb_weight(t, t.log_beta_tilde_clipped).narrow(0, 1, 99);
  CHECK(close(w, 0.5 * (t.snr.narrow(0, 0, 99) / t.snr.narrow(0, 1, 99) - 1), 1e-9));
}

TEST_CASE("β_T = 1 ends the signal without spoiling values or gradients") {
  const Tensor beta = reciprocal(10).requires_grad_(true);
  const tables t = make_tables(beta);
  CHECK(value(t.alpha_bar, 9) == 0);
  CHECK(std::isinf(value(t.log_alpha_bar, 9)));
  CHECK(close(value(t.alpha_bar, 4), 0.5));
  CHECK(value(t.c2, 9) == 0);
  CHECK(close(value(t.c1, 9), std::sqrt(0.1)));
  const auto slope = torch::autograd::grad({t.stack.sum()}, {beta})[0];
  CHECK(finite(slope));
}

TEST_CASE("T = 1 has a log-variance") {
  CHECK(close(value(make_tables(constant(1, 0.3)).log_beta_tilde_clipped, 0), std::log(0.3)));
}

TEST_CASE("β outside (0, 1] is refused, with its t") {
  CHECK_THROWS_WITH_AS(make_tables(vec({0.1, 1.5})), "got β = 1.5 at t = 2, need a value in (0, 1]", error);
  CHECK_THROWS_AS(make_tables(vec({0., 0.5})), error);
  CHECK_THROWS_AS(make_tables(vec({std::nan("")})), error);
  CHECK_THROWS_AS(make_tables(at::ones({2, 2}, at::kDouble)), error);
  CHECK_THROWS_AS(make_tables(at::ones({0}, at::kDouble)), error);
}

TEST_CASE("coefficients are the tables at each sample's t, in the state's dtype and rank") {
  const tables t = make_tables(linear(100, 1e-4, 0.2));
  const Tensor x = at::zeros({3, 2, 4, 4}, at::kFloat);
  const Tensor index = at::tensor(std::vector<std::int64_t>{0, 50, 99}, at::kLong);
  const coefficients c = coefficients_at(t, index, x);
  CHECK(c.beta.sizes() == at::IntArrayRef({3, 1, 1, 1}));
  CHECK((c.snr.scalar_type() == at::kFloat));
  const auto from = [&](const Tensor& table) { return table.index_select(0, index).to(at::kFloat).view({3, 1, 1, 1}); };
  CHECK(at::equal(c.beta, from(t.beta)));
  CHECK(at::equal(c.alpha, from(1 - t.beta)));
  CHECK(at::equal(c.alpha_bar, from(t.alpha_bar)));
  CHECK(at::equal(c.one_minus_alpha_bar, from(t.one_minus_alpha_bar)));
  CHECK(close(c.sqrt_alpha_bar, from(t.alpha_bar.sqrt()), 1e-6));
  CHECK(close(c.sqrt_one_minus_alpha_bar, from(t.one_minus_alpha_bar.sqrt()), 1e-6));
  CHECK(at::equal(c.beta_tilde, from(t.beta_tilde)));
  CHECK(at::equal(c.log_beta_tilde, from(t.log_beta_tilde_clipped)));
  CHECK(at::equal(c.c1, from(t.c1)));
  CHECK(at::equal(c.c2, from(t.c2)));
  CHECK(at::equal(c.snr, from(t.snr)));
  CHECK(value(c.alpha_bar_prev.flatten(), 0) == 1);
  CHECK(value(c.one_minus_alpha_bar_prev.flatten(), 0) == 0);
  CHECK(close(value(c.alpha_bar_prev.flatten(), 1), value(t.alpha_bar, 49), 1e-6));
  CHECK(close(value(c.log_beta.flatten(), 0), std::log(value(t.beta_tilde, 1)), 1e-6));
  CHECK(close(value(c.log_beta.flatten(), 2), std::log(0.2), 1e-6));
}

#include "noneq/diffusion/tables.hpp"

#include <limits>

#include "noneq/core/error.hpp"

namespace noneq {
namespace {

void check(const Tensor& beta) {
  const auto* b = beta.data_ptr<double>();
  for (std::int64_t i = 0; i < beta.size(0); ++i)
    if (!(b[i] > 0 && b[i] <= 1))
      throw error(c10::str("got β = ", b[i], " at t = ", i + 1, ", need a value in (0, 1]"));
}

// x_{t−1} for every t, from a given x_0.
Tensor before(const Tensor& x, double x_0) {
  return at::cat({at::full({1}, x_0, x.options()), x.narrow(0, 0, x.size(0) - 1)});
}

Tensor first_from_second(const Tensor& log_beta_tilde_from_2, const Tensor& rest) {
  return at::cat({log_beta_tilde_from_2.narrow(0, 0, 1), rest});
}

}

Tensor log_alpha_bar(const Tensor& log_snr) { return -at::softplus(-log_snr, 1, 700); }
Tensor log_snr(const Tensor& log_alpha_bar) { return log_alpha_bar - (-at::expm1(log_alpha_bar)).log(); }
Tensor beta_between(const Tensor& log_alpha_bar) { return -at::expm1(log_alpha_bar - before(log_alpha_bar, 0)); }

double tables::beta_1() const { return beta[0].item<double>(); }

tables make_tables(const Tensor& beta) {
  if (beta.dim() != 1 || beta.size(0) < 1)
    throw error("got β of shape " + to_string(beta.sizes().vec()) + ", need [T] with T >= 1");
  tables t;
  t.beta = beta.to(at::kDouble).contiguous();
  check(t.beta.detach());
  const auto later = t.steps() - 1;

  // Masked before the logarithm, so that its infinite slope at β = 1 never meets a zero gradient and makes a NaN.
  const Tensor last = t.beta.detach() == 1;
  const Tensor log_alpha =
      at::log1p(-t.beta.masked_fill(last, 0.5)).masked_fill(last, -std::numeric_limits<double>::infinity());
  t.log_alpha_bar = log_alpha.cumsum(0);
  t.alpha_bar = t.log_alpha_bar.exp();
  // Entry 0 is β_1 itself: c₁ must be exactly 1 there.
  t.one_minus_alpha_bar = at::cat({t.beta.narrow(0, 0, 1), -at::expm1(t.log_alpha_bar.narrow(0, 1, later))});

  const Tensor log_alpha_bar_prev = before(t.log_alpha_bar, 0);
  const Tensor one_minus_alpha_bar_prev = before(t.one_minus_alpha_bar, 0);
  t.beta_tilde = t.beta * one_minus_alpha_bar_prev / t.one_minus_alpha_bar;
  t.c1 = (0.5 * log_alpha_bar_prev).exp() * t.beta / t.one_minus_alpha_bar;
  t.c2 = (0.5 * log_alpha).exp() * one_minus_alpha_bar_prev / t.one_minus_alpha_bar;
  t.snr = t.alpha_bar / t.one_minus_alpha_bar;

  Tensor log_beta = t.beta.log();
  t.log_beta_tilde_clipped = log_beta;
  if (later > 0) {
    const Tensor log_beta_tilde = t.beta_tilde.narrow(0, 1, later).log();
    t.log_beta_tilde_clipped = first_from_second(log_beta_tilde, log_beta_tilde);
    log_beta = first_from_second(log_beta_tilde, log_beta.narrow(0, 1, later));
  }
  t.stack = stacked({.beta = t.beta,
                     .alpha = 1 - t.beta,
                     .alpha_bar = t.alpha_bar,
                     .one_minus_alpha_bar = t.one_minus_alpha_bar,
                     .sqrt_alpha_bar = (0.5 * t.log_alpha_bar).exp(),
                     .sqrt_one_minus_alpha_bar = t.one_minus_alpha_bar.sqrt(),
                     .alpha_bar_prev = log_alpha_bar_prev.exp(),
                     .one_minus_alpha_bar_prev = one_minus_alpha_bar_prev,
                     .beta_tilde = t.beta_tilde,
                     .log_beta_tilde = t.log_beta_tilde_clipped,
                     .log_beta = log_beta,
                     .c1 = t.c1,
                     .c2 = t.c2,
                     .snr = t.snr});
  return t;
}

tables make_tables(std::function<Tensor(const Tensor& index)> log_alpha_bar_at, std::int64_t T) {
  tables t = make_tables(beta_between(log_alpha_bar_at(at::arange(T, at::kDouble))));
  t.log_alpha_bar_at = std::move(log_alpha_bar_at);
  return t;
}

step_values values_between(const tables& t, const Tensor& index) {
  const Tensor first = index < 1;
  const Tensor here = t.log_alpha_bar_at(index), below = t.log_alpha_bar_at((index - 1).clamp_min(0));
  const Tensor prev = below.masked_fill(first, 0), log_alpha = here - prev;
  const Tensor beta = -at::expm1(log_alpha), one_minus = -at::expm1(here), one_minus_prev = -at::expm1(prev);
  // ln β̃ of the first step is that of the one after it, as in the tables.
  const Tensor from = at::where(first, here, below), to = t.log_alpha_bar_at(at::where(first, index + 1, index));
  const Tensor log_beta_tilde = (-at::expm1(to - from)).log() + (-at::expm1(from)).log() - (-at::expm1(to)).log();
  const Tensor log_beta = at::where(first, log_beta_tilde, beta.log());
  return {.beta = beta,
          .alpha = 1 - beta,
          .alpha_bar = here.exp(),
          .one_minus_alpha_bar = one_minus,
          .sqrt_alpha_bar = (0.5 * here).exp(),
          .sqrt_one_minus_alpha_bar = one_minus.sqrt(),
          .alpha_bar_prev = prev.exp(),
          .one_minus_alpha_bar_prev = one_minus_prev,
          .beta_tilde = beta * one_minus_prev / one_minus,
          .log_beta_tilde = log_beta_tilde,
          .log_beta = log_beta,
          .c1 = (0.5 * prev).exp() * beta / one_minus,
          .c2 = (0.5 * log_alpha).exp() * one_minus_prev / one_minus,
          .snr = here.exp() / one_minus};
}

Tensor vlb_weight(const tables& t, const Tensor& log_variance) {
  return t.beta.square() * (-log_variance).exp() / (2 * (1 - t.beta) * t.one_minus_alpha_bar);
}

}

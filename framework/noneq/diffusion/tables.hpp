// The tables of a noise schedule for every step t: signal levels, posterior coefficients, signal-to-noise ratio.
// Everything that trains, samples or evaluates reads these instead of recomputing ᾱ, so no two parts can disagree.
// Plain values; autograd passes from every entry to β. Thread-safe once built.
#pragma once

#include <cstdint>
#include <functional>

#include "noneq/diffusion/step_values.hpp"

namespace noneq {

// All [T] float64; entry i belongs to t = i + 1, and ᾱ_0 = 1.
struct tables {
  Tensor beta;
  Tensor log_alpha_bar;  // Σ ln(1−β); −inf from the first β = 1 on
  Tensor alpha_bar;
  Tensor one_minus_alpha_bar;     // not 1 − alpha_bar: that cancels for small t
  Tensor beta_tilde;              // variance of q(x^{t−1}|x^t,x⁰); 0 at i = 0
  Tensor log_beta_tilde_clipped;  // ln β̃ with entry 0 replaced by entry 1 (T = 1: ln β)
  Tensor c1, c2;                  // mean of q(x^{t−1}|x^t,x⁰) = c₁x⁰ + c₂x^t; c₁ = 1 and c₂ = 0 at i = 0
  Tensor snr;                     // ᾱ/(1−ᾱ)

  Tensor stack;  // the step_values of all steps, [names, T], which coefficients_at() gathers

  // Where time is continuous: ln ᾱ at t − 1 (float64 in [0, T − 1], any shape). Empty when there are only the T steps.
  std::function<Tensor(const Tensor& index)> log_alpha_bar_at;

  std::int64_t steps() const { return beta.size(0); }
  bool continuous() const { return log_alpha_bar_at != nullptr; }
  double beta_1() const;
};

// Convert ln SNR to ln ᾱ and back, and levels of ln ᾱ [T] to the β that lead from level to level, from the data on.
// Float64, differentiable; without cancellation at either end.
Tensor log_alpha_bar(const Tensor& log_snr);
Tensor log_snr(const Tensor& log_alpha_bar);
Tensor beta_between(const Tensor& log_alpha_bar);

// Sums in log space (Σ log1p(−β), 1−ᾱ by −expm1). β_t = 1 is allowed: it ends the signal (ᾱ_t = 0), and then the
// gradient that would reach this β_t through ᾱ is taken as 0; all other gradients are exact and finite.
// Throws noneq::error when β is not [T] with T >= 1, or has a value outside (0, 1].
// Ho et al. 2020, eqs. 4-7.
tables make_tables(const Tensor& beta);

// Returns the tables of the T times 0, 1, …, T − 1 of log_alpha_bar_at.
tables make_tables(std::function<Tensor(const Tensor& index)> log_alpha_bar_at, std::int64_t T);

// Returns the values, [B] each, at any index (float64 [B] in [0, T − 1]) of continuous time: those of the step of
// length 1 that ends there, or, before index 1, of the first step, which ends in the data.
step_values values_between(const tables& t, const Tensor& index);

// w_t = β²/(2σ²α(1−ᾱ)), the weight of ‖ε−ε̂‖² in the bound's L_{t−1}, [T] float64; log_variance [T] is ln σ².
// Infinite where β_t = 1. Ho et al. 2020, eq. 12.
Tensor vlb_weight(const tables& t, const Tensor& log_variance);

}

// The factors of a process at a step, by name, and all of them as one tensor, which is gathered and cast in one go.
// Values, thread-safe; autograd passes both ways.
#pragma once

#include "noneq/core/tensor.hpp"

namespace noneq {

// All of one shape: one entry for each step of a schedule, or for each sample of a batch at the sample's own t. "prev"
// is t − 1, with ᾱ_0 = 1.
struct step_values {
  Tensor beta, alpha;
  Tensor alpha_bar, one_minus_alpha_bar, sqrt_alpha_bar, sqrt_one_minus_alpha_bar;
  Tensor alpha_bar_prev, one_minus_alpha_bar_prev;
  Tensor beta_tilde;      // 0 at i = 0
  Tensor log_beta_tilde;  // entry 0 replaced by entry 1
  Tensor log_beta;        // `fixed_large`: entry 0 replaced by ln β̃ at i = 1; for the true ln β take beta.log()
  Tensor c1, c2, snr;
};

// Returns [number of names, …], and the values of such a tensor as views.
Tensor stacked(const step_values& v);
step_values unstacked(const Tensor& stack);

}

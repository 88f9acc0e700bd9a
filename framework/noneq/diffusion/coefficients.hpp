// The schedule's tables at each sample's own t, shaped to multiply a batch.
// Values (views of one gathered matrix), thread-safe; autograd passes to the tables.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/tables.hpp"

namespace noneq {

// index is int64 [B], i = t − 1, or float64 where time is continuous; the others are [B, 1, …, 1] of x's dtype. "prev"
// is t − 1, with ᾱ_0 = 1.
struct coefficients {
  Tensor index;
  Tensor beta, alpha;
  Tensor alpha_bar, one_minus_alpha_bar, sqrt_alpha_bar, sqrt_one_minus_alpha_bar;
  Tensor alpha_bar_prev, one_minus_alpha_bar_prev;
  Tensor beta_tilde;      // 0 at i = 0
  Tensor log_beta_tilde;  // entry 0 replaced by entry 1
  Tensor log_beta;        // `fixed_large`: entry 0 replaced by ln β̃ at i = 1; for the true ln β take beta.log()
  Tensor c1, c2, snr;
};

// Returns the coefficients at index (int64 [B], each in 0..T−1; float64 between them where time is continuous) for x
// [B, …] of floating dtype, by one gather and one cast from float64. Called once a step; an index out of range is
// libtorch's error.
coefficients at(const tables& t, const Tensor& index, const Tensor& x);

}

// The last reverse step for quantised data: a Gaussian integrated over each value's bin. Ho et al. 2020, eq. 13.
// Pure, thread-safe, differentiable in the distribution.
#pragma once

#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/distribution.hpp"

namespace noneq {

// How Φ is computed: `exact` by erfc, with tails of full relative accuracy; `tanh` is the published code's
// approximation, for comparing numbers with it.
enum class decoder { exact, tanh };

// ln P(x) per element, nats, shaped like x. x lies on a grid in [−1, 1] of bins x ± half_bin (8 bits: x/127.5 − 1 and
// 1/255); the outermost values take the whole tail. Every probability is at least 1e-12 (no gradient below).
Tensor decoder_log_prob(const Tensor& x, const distribution& d, double half_bin = 1 / 255.,
                        decoder phi = decoder::exact);

}

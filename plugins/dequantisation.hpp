// Values within the bins of binned data: the x⁰ + u whose density bounds the log probability P of a bin,
// ln P(x⁰) ≥ E_q[ln p(x⁰ + u) − ln q(u)] (Theis et al. 2016; Ho et al. 2019, "Flow++", eq. 12). q is a Gaussian about
// the middle of the bin, cut off at its edges (Zheng et al. 2023, §4.2), or uniform. Values.
#pragma once

#include <cmath>
#include <limits>

#include "noneq/core/tensor.hpp"

namespace shipped {

struct dequantisation {
  double bin;                                               // its width; 0: there are none, and u is 0
  double spread = std::numeric_limits<double>::infinity();  // deviation of the Gaussian; infinite: uniform

  struct drawn {
    noneq::Tensor u, log_q;  // [n, …], and ln q of a sample [n]
  };
  // From uniform numbers in [0, 1), float64 [n, …].
  drawn draw(const noneq::Tensor& uniform) const {
    const auto dims = static_cast<double>(uniform[0].numel());
    const auto flat = [&](double log_q) { return at::full({uniform.size(0)}, dims * log_q, at::kDouble); };
    if (bin == 0) return {at::zeros_like(uniform), flat(0)};
    if (std::isinf(spread)) return {bin * (uniform - 0.5), flat(-std::log(bin))};
    const double edge = bin / (2 * spread), below = 0.5 * std::erfc(edge * M_SQRT1_2),
                 inside = std::erf(edge * M_SQRT1_2);
    // The numbers are multiples of 2⁻²⁴: the middle of each such step is no edge.
    const noneq::Tensor z = at::special_ndtri(below + inside * (uniform + 0x1p-25)).clamp(-edge, edge);
    const double log_scale = std::log(spread * inside * std::sqrt(2 * M_PI));
    return {spread * z, -(0.5 * z.square() + log_scale).flatten(1).sum(1)};
  }
};

}

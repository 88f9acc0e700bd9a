// The squared maximum mean discrepancy of two sets, without bias: Gretton et al. 2012, lemma 6. float64.
#pragma once

#include "noneq/core/tensor.hpp"

namespace shipped {

// Σ_{i≠j} k(xᵢ,xⱼ)/(m(m−1)) + Σ_{i≠j} k(yᵢ,yⱼ)/(n(n−1)) − 2 Σ k(xᵢ,yⱼ)/(mn), k(a,b) = (a·b/D + 1)³; x [m, D], y [n, D]
// with at least two rows each.
inline double unbiased_squared_mmd(const noneq::Tensor& x, const noneq::Tensor& y) {
  const auto kernel = [](const noneq::Tensor& a, const noneq::Tensor& b) {
    return (a.matmul(b.t()) / static_cast<double>(a.size(1)) + 1).pow(3);
  };
  const auto within = [&](const noneq::Tensor& a) {
    const noneq::Tensor k = kernel(a, a);
    const auto n = static_cast<double>(a.size(0));
    return (k.sum() - k.trace()) / (n * (n - 1));
  };
  return (within(x) + within(y) - 2 * kernel(x, y).mean()).item<double>();
}

}

// The reverse step of a kernel without variance, where locations are logits: a mixture of the posteriors of x⁰ = 0 and
// x⁰ = 1. The kernel computes both, so this code is independent of how its bits fall. Pure, thread-safe.
#pragma once

#include "noneq/plugin/roles/mean.hpp"

namespace shipped::mixture {

// logit P(x^{t−1}=1|x^t,x⁰), by x⁰.
struct posteriors {
  noneq::Tensor zero, one;
};

inline posteriors of(const noneq::reverse_point& p) {
  const noneq::Tensor zeros = at::zeros_like(p.xt);
  return {p.kernel.posterior(zeros, p.xt, p.c).location, p.kernel.posterior(zeros + 1, p.xt, p.c).location};
}

// logit P(x^{t−1}=1|x^t) from the logit of P(x⁰=1|x^t).
inline noneq::Tensor location(const noneq::Tensor& logit, const noneq::reverse_point& p) {
  const posteriors by = of(p);
  const noneq::Tensor yes = at::log_sigmoid(logit), no = at::log_sigmoid(-logit);
  const noneq::Tensor one = at::logaddexp(yes + at::log_sigmoid(by.one), no + at::log_sigmoid(by.zero));
  const noneq::Tensor zero = at::logaddexp(yes + at::log_sigmoid(-by.one), no + at::log_sigmoid(-by.zero));
  return one - zero;
}

// P(x⁰=1|x^t) from the logit f of P(x^{t−1}=1|x^t): (σ(f)−σ(f₀))/(σ(f₁)−σ(f₀)), within [0, 1].
inline noneq::Tensor x0(const noneq::Tensor& f, const noneq::reverse_point& p) {
  const posteriors by = of(p);
  // σ(a)−σ(b) = σ(a)σ(−b)(1−e^{b−a}) keeps the digits of small differences.
  const noneq::Tensor part = at::sigmoid(f) * -at::expm1((by.zero - f).clamp_max(0));
  const noneq::Tensor whole = at::sigmoid(by.one) * -at::expm1((by.zero - by.one).clamp_max(0));
  return (part / whole.clamp_min(1e-30)).clamp(0, 1);
}

// Bits as logits that are certain in both precisions.
inline noneq::Tensor certain(const noneq::Tensor& bits) { return (2 * bits - 1) * 80; }

}

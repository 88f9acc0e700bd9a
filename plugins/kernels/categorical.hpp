// Categories that forget themselves (Austin et al. 2021, §3.1): a step keeps each with probability 1−β, else redraws it
// from π, which the plugin chooses. A state is one-hot along dimension 1 of x [B, K, …]; an argument x⁰ may be
// probabilities. Locations are log-probabilities. Pure, thread-safe.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

struct categorical_kernel : noneq::kernel {
  // π [K], float64.
  virtual noneq::Tensor probabilities(std::int64_t K) const = 0;

  bool has_variance() const override { return false; }

  noneq::Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.uniform(shape, first);
  }
  // The largest of location + Gumbel noise is distributed as the location prescribes (Gumbel 1954).
  noneq::Tensor sample(const noneq::distribution& d, const noneq::Tensor& noise) const override {
    return one_hot(d.location - (-noise.clamp_min(1e-30).log()).clamp_min(1e-30).log());
  }
  noneq::Tensor most_likely(const noneq::distribution& d) const override { return one_hot(d.location); }

  noneq::distribution stationary(const noneq::Tensor& like) const override { return known(pi(like).expand_as(like)); }
  noneq::distribution transition(const noneq::Tensor& previous, const noneq::coefficients& c) const override {
    return known((1 - c.beta) * previous + c.beta * pi(previous));
  }
  noneq::distribution marginal(const noneq::Tensor& x0, const noneq::coefficients& c) const override {
    return known(c.alpha_bar * x0 + c.one_minus_alpha_bar * pi(x0));
  }
  noneq::distribution posterior(const noneq::Tensor& x0, const noneq::Tensor& xt,
                                const noneq::coefficients& c) const override {
    const noneq::Tensor p = pi(xt), before = c.alpha_bar_prev * x0 + c.one_minus_alpha_bar_prev * p;
    const noneq::Tensor step = (1 - c.beta) * xt + c.beta * (p * xt).sum(1, true);  // P(x^t|x^{t−1}), by x^{t−1}
    const noneq::Tensor joint = before * step;
    return known(joint / joint.sum(1, true).clamp_min(least));
  }

  noneq::Tensor log_prob(const noneq::Tensor& x, const noneq::distribution& d) const override {
    return noneq::sum_per_sample(x * d.location);
  }
  noneq::Tensor kl(const noneq::distribution& q, const noneq::distribution& p) const override {
    return noneq::sum_per_sample(q.location.exp() * (q.location - p.location));
  }
  noneq::Tensor entropy(const noneq::distribution& d) const override { return cross_entropy(d, d); }
  noneq::Tensor cross_entropy(const noneq::distribution& q, const noneq::distribution& p) const override {
    return -noneq::sum_per_sample(q.location.exp() * p.location);
  }

  // A place contributes one number where it agrees with the atom and another where it does not.
  noneq::Tensor log_marginal_of_atoms(const noneq::Tensor& xt, const noneq::Tensor& atoms, double variance,
                                      const noneq::coefficients& c) const override {
    need_no_blur(variance);
    const noneq::Tensor noise = c.one_minus_alpha_bar * pi(xt);
    const noneq::Tensor same = log_of(c.alpha_bar + noise), other = log_of(noise).expand_as(same);
    const noneq::Tensor agreement = (xt * (same - other)).flatten(1).matmul(atoms.to(xt.scalar_type()).flatten(1).t());
    return agreement + noneq::sum_per_sample(xt * other).unsqueeze(1);
  }
  // Places on their own: the posteriors of all categories, mixed by P(x⁰|x^t).
  noneq::distribution matched(const noneq::Tensor& weights, const noneq::Tensor& atoms, double variance,
                              const noneq::Tensor& xt, const noneq::coefficients& c) const override {
    need_no_blur(variance);
    const noneq::Tensor p = weights.to(xt.scalar_type()).matmul(atoms.to(xt.scalar_type()).flatten(1)).view(xt.sizes());
    noneq::Tensor mixed = at::zeros_like(xt);
    for (std::int64_t k = 0; k < xt.size(1); ++k) {
      noneq::Tensor certain = at::zeros_like(xt);
      certain.select(1, k).fill_(1);
      mixed = mixed + p.narrow(1, k, 1) * posterior(certain, xt, c).location.exp();
    }
    return known(mixed);
  }

  void check_data(const noneq::Tensor& x0) const override {
    const bool one_hot =
        x0.dim() > 1 && ((x0 == 0) | (x0 == 1)).all().item<bool>() && (x0.sum(1) == 1).all().item<bool>();
    if (!one_hot)
      throw noneq::error("got data that is not one-hot along its first dimension, need [categories, …] of 0 and 1");
  }

 private:
  static constexpr double least = 1e-30;  // a probability of 0 has a finite logarithm in both precisions

  static noneq::Tensor log_of(const noneq::Tensor& p) { return p.clamp_min(least).log(); }
  static noneq::distribution known(const noneq::Tensor& p) { return {log_of(p), {}}; }
  static noneq::Tensor one_hot(const noneq::Tensor& score) {
    return at::zeros_like(score).scatter_(1, score.argmax(1, true), 1);
  }
  noneq::Tensor pi(const noneq::Tensor& like) const {
    noneq::sizes shape(static_cast<std::size_t>(like.dim()), 1);
    shape[1] = like.size(1);
    return probabilities(like.size(1)).to(like.scalar_type()).view(shape);
  }
  static void need_no_blur(double variance) {
    if (variance != 0)
      throw noneq::error(
          c10::str("got atoms blurred by a variance of ", variance, ", need 0: categories cannot be blurred"));
  }
};

}

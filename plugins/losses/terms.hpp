// Shared by several losses: the squared error of a prediction and the terms of the variational bound. Pure,
// thread-safe.
#pragma once

#include "noneq/diffusion/decoder.hpp"
#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/weighting.hpp"

namespace shipped::terms {

// The mean over the numbers of each sample that were observed, [B]: those where the batch's mask is 1, or all of them.
inline noneq::Tensor mean_of_observed(const noneq::Tensor& each, const noneq::batch& b) {
  if (!b.has("mask")) return each.flatten(1).mean(1);
  const noneq::Tensor mask = b.at("mask").expand_as(each);
  return (each * mask).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp_min(1);
}

// ‖z − z*‖²/d, [B]; with a weighting w(t)‖ε − ε̂‖²/d, under every prediction. Counts the observed numbers only.
inline noneq::Tensor squared_error(const noneq::batch& b, const noneq::process& p, const noneq::coefficients& c,
                                   const noneq::weighting* weighting) {
  const noneq::Tensor& xt = b.at("xt");
  const auto [z, raw] = p.split(b.at("output"));
  // The target may depend on Σ, which is detached: this loss must not change Σ to fit z.
  const noneq::reverse_point at{xt, c, *p.kernel, p.log_variance(raw, c).detach()};
  const noneq::Tensor error = (z - p.mean->target(b.at("x0"), b.at("noise"), at)).square();
  if (weighting == nullptr) return mean_of_observed(error, b);
  return mean_of_observed(weighting->weight(c) * p.mean->epsilon_error(at) * error, b);
}

// KL(q(x^{t−1}|x^t,x⁰) ‖ p(x^{t−1}|x^t)), nats, [B]; at t = 1 finite but without meaning.
inline noneq::Tensor step_kl(const noneq::batch& b, const noneq::process& p, const noneq::coefficients& c,
                             const noneq::distribution& reverse) {
  return p.kernel->kl(p.kernel->posterior(b.at("x0"), b.at("xt"), c), reverse);
}

// −ln p(x⁰|x¹), nats, [B]: a density (a probability for bits), or that of the bin of x⁰ among `bins` in [−1, 1].
inline noneq::Tensor last_step(const noneq::Tensor& x0, const noneq::process& p, const noneq::distribution& reverse,
                               std::int64_t bins) {
  if (bins == 0) return -p.kernel->log_prob(x0, reverse);
  return -noneq::sum_per_sample(noneq::decoder_log_prob(x0, reverse, 1 / static_cast<double>(bins - 1)));
}

// T·L_{t−1}/d, nats per dimension, [B] (Ho et al. 2020, eq. 5): its mean over t = 1..T is the bound on −ln p(x⁰) but
// for L_T, which no network can change.
inline noneq::Tensor vlb(const noneq::batch& b, const noneq::process& p, const noneq::coefficients& c,
                         const noneq::distribution& reverse, std::int64_t bins) {
  const noneq::Tensor& x0 = b.at("x0");
  const noneq::Tensor nats = at::where(b.at("t") < 1, last_step(x0, p, reverse, bins), step_kl(b, p, c, reverse));
  return nats * (static_cast<double>(p.steps() * x0.size(0)) / static_cast<double>(x0.numel()));
}

// L_T/d, nats per dimension, [B].
inline noneq::Tensor prior(const noneq::Tensor& x0, const noneq::process& p) {
  const noneq::kernel& k = *p.kernel;
  const auto last = noneq::coefficients_at(p.tables, at::full({x0.size(0)}, p.steps() - 1, at::kLong), x0);
  return k.kl(k.marginal(x0, last), k.stationary(x0)) *
         (static_cast<double>(x0.size(0)) / static_cast<double>(x0.numel()));
}

inline void check_bins(std::int64_t bins) {
  if (bins == 1) throw noneq::error("got bins: 1, need 0 (continuous data) or at least 2");
}

}

// The bound on the log likelihood: Form 1 (Sohl-Dickstein et al. 2015, eq. 14: K, with every entropy and edge term) and
// Form 2 (Ho et al. 2020, eq. 5: L_T + Σ L_{t−1} + L_0), from the same draws. K = −Σ_{t≥2} KL_t + H_q(X^T|X⁰) −
// H_q(X¹|X⁰) − H_p(X^T) + E[ln π(x⁰) − ln π(x¹)]. Pure, thread-safe.
#pragma once

#include "noneq/diffusion/decoder.hpp"
#include "strata.hpp"

namespace shipped {

// The bounds of n rows; nats, float64.
struct bounds_of_rows {
  noneq::Tensor K, null, kl_sum, L_T, L_0;  // [n]
  noneq::Tensor kl, kl_squares;             // [strata]: sums over samples of KL_t and of its square

  // The variational bound, Form 2, from below.
  noneq::Tensor log_likelihood() const { return -(L_T + kl_sum + L_0); }
};

// Rows x0 first … of the data, in units of the model; the noise is that of rows first … of the stream.
inline bounds_of_rows measure_bounds(const noneq::denoiser& d, const noneq::dataset_info& info, const noneq::Tensor& x0,
                                     const noneq::conditions& given, std::int64_t first, std::int64_t strata,
                                     const noneq::stream& s) {
  const auto& p = d.process();
  const auto& k = *p.kernel;
  const std::int64_t n = x0.size(0), T = p.steps();
  const auto shape = x0.sizes().vec();
  const auto at_time = [&](std::int64_t i) {
    return noneq::coefficients_at(p.tables, at::full({n}, i, at::kLong), x0);
  };
  const auto f64 = [](const noneq::Tensor& t) { return t.to(at::kDouble); };
  const noneq::distribution pi = k.stationary(x0), q1 = k.marginal(x0, at_time(0)), qT = k.marginal(x0, at_time(T - 1));

  bounds_of_rows c;
  c.null = f64(k.log_prob(x0, pi));
  c.L_T = f64(k.kl(qT, pi));
  const step_kls steps = measure_steps(d, x0, given, first, strata, s);
  c.kl_sum = steps.per_sample;
  c.kl = steps.per_step;
  c.kl_squares = steps.squares;
  const noneq::Tensor edge = c.null + f64(k.cross_entropy(q1, pi));
  c.K = noneq::trajectory_bound(c.kl_sum, f64(k.entropy(qT)), f64(k.entropy(q1)), f64(k.cross_entropy(qT, pi)), edge);
  const noneq::Tensor x1 = k.sample(q1, k.noise(shape, s.fork("decoder"), first));
  const noneq::distribution last = d.predict(x1, 0, given).reverse;
  const bool discrete = info.bin_width > 0 && k.has_variance();
  c.L_0 = -f64(discrete
                   ? noneq::sum_per_sample(noneq::decoder_log_prob(x0, last, info.bin_width / 2, noneq::decoder::exact))
                   : k.log_prob(x0, last));
  return c;
}

}

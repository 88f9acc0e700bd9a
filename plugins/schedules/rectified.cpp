// The straight path between data and noise, x_τ = (1−τ) x⁰ + τ ε with τ = t/T (Liu et al. 2022; Lipman et al. 2022),
// as a variance-preserving process: x_τ is s x^t, where s = √((1−τ)²+τ²) and √ᾱ = (1−τ)/s. Its ln SNR is
// 2 ln((1−τ)/τ), and it ends in pure noise, ᾱ_T = 0.
#include "noneq/plugin.hpp"

struct rectified : noneq::schedule {
  noneq::Tensor beta() const override {
    return noneq::beta_between(noneq::log_alpha_bar(log_snr_at(at::linspace(0, 1, steps, at::kDouble))));
  }

  // τ = (1 + u(T−1))/T, so that 1 − τ = (1−u)(T−1)/T has all its digits near the noise.
  noneq::Tensor log_snr_at(const noneq::Tensor& u) const override {
    const auto later = static_cast<double>(steps - 1);
    return 2 * (((1 - u).clamp_min(0) * later).log() - (u * later).log1p());
  }

  static void describe(noneq::description<rectified>& d) {
    d.doc(
        "Straight paths, x_τ = (1−τ)x⁰ + τε with τ = t/T, scaled to x^t (rectified flow, flow matching); for mean: "
        "velocity, or v or x0. β_1 is about 1/T².");
  }
};
NONEQ_PLUGIN(rectified);

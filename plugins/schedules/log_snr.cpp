// Log-SNR schedule (linear ln SNR; Kingma et al. 2021, §5): every octave of noise gets as many steps. Both ends, on
// which a bound depends, are parameters.
#include "noneq/plugin.hpp"

struct log_snr : noneq::schedule {
  double first_beta = 1e-3, last_alpha_bar = 0.002;

  void check() const override { beta(); }
  noneq::Tensor beta() const override { return noneq::log_snr(steps, first_beta, last_alpha_bar); }

  noneq::Tensor log_snr_at(const noneq::Tensor& u) const override {
    const double from = std::log1p(-first_beta) - std::log(first_beta);
    return from + u * (std::log(last_alpha_bar) - std::log1p(-last_alpha_bar) - from);
  }

  static void describe(noneq::description<log_snr>& d) {
    d.doc("The logarithm of the signal-to-noise ratio falls in equal steps.")
        .param("first_beta", &log_snr::first_beta, "β_1, the noise left in the data", noneq::inside(0, 1))
        .param("last_alpha_bar", &log_snr::last_alpha_bar, "ᾱ_T, the part of the signal's variance left at t = T",
               noneq::inside(0, 1));
  }
};
NONEQ_PLUGIN(log_snr);

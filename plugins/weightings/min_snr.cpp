// Min-SNR-γ (Hang et al. 2023, eq. 8), as a weight on the error in ε: min(SNR, γ)/SNR.
#include "noneq/plugin.hpp"

struct min_snr : noneq::weighting {
  double gamma = 5;

  // Written so that SNR = 0 gives 1.
  noneq::Tensor weight(const noneq::coefficients& c) const override { return (gamma / c.snr).clamp_max(1); }

  static void describe(noneq::description<min_snr>& d) {
    d.doc("Steps of little noise count less: min(SNR, γ)/SNR.")
        .param("gamma", &min_snr::gamma, "SNR above which the weight falls", noneq::above(0));
  }
};
NONEQ_PLUGIN(min_snr);

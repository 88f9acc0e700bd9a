// P2 weighting (Choi et al. 2022, eq. 8): 1/(k+SNR)^γ on the error in ε.
#include "noneq/plugin.hpp"

struct p2 : noneq::weighting {
  double gamma = 1, k = 1;

  noneq::Tensor weight(const noneq::coefficients& c) const override { return (k + c.snr).pow(-gamma); }

  static void describe(noneq::description<p2>& d) {
    d.doc("Steps that only clean up imperceptible noise count less: 1/(k+SNR)^γ.")
        .param("gamma", &p2::gamma, "how strongly", noneq::at_least(0))
        .param("k", &p2::k, "SNR from which on the weight falls", noneq::above(0));
  }
};
NONEQ_PLUGIN(p2);

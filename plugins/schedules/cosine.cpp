// Cosine schedule (Nichol & Dhariwal 2021, eq. 17).
#include "noneq/plugin.hpp"

struct cosine : noneq::schedule {
  double s = 0.008, clip = 0.999;

  noneq::Tensor beta() const override { return noneq::cosine(steps, s, clip); }

  noneq::Tensor log_snr_at(const noneq::Tensor& u) const override { return noneq::cosine_log_snr(u, s); }

  static void describe(noneq::description<cosine>& d) {
    d.doc("Squared-cosine signal level; β clipped near t = T.")
        .param("s", &cosine::s, "offset that keeps the first steps from vanishing", noneq::between(0, 0.1))
        .param("clip", &cosine::clip, "largest β; 1 ends in pure noise", noneq::above(0), noneq::at_most(1));
  }
};
NONEQ_PLUGIN(cosine);

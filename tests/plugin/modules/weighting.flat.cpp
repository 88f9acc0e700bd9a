// A weighting that forgets the dimensions of a sample.
#include "noneq/plugin.hpp"

struct flat : noneq::weighting {
  noneq::Tensor weight(const noneq::coefficients& c) const override { return c.snr.flatten(); }
  static void describe(noneq::description<flat>& d) { d.doc("[B] instead of [B, 1, …]."); }
};
NONEQ_PLUGIN(flat);

// A plugin of another role, with the name of one in the other file.
#include "noneq/plugin.hpp"

namespace weightings {

struct half : noneq::weighting {
  noneq::Tensor weight(const noneq::coefficients& c) const override { return at::full_like(c.snr, 0.5); }
  static void describe(noneq::description<half>& d) { d.doc("The weight 1/2 everywhere."); }
};
NONEQ_PLUGIN(half);

}

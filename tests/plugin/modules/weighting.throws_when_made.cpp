// A plugin whose constructor throws what the framework does not know.
#include <stdexcept>

#include "noneq/plugin.hpp"

struct throws_when_made : noneq::weighting {
  throws_when_made() { throw std::runtime_error("no licence found"); }
  noneq::Tensor weight(const noneq::coefficients& c) const override { return c.snr; }
  static void describe(noneq::description<throws_when_made>& d) { d.doc("Cannot be made."); }
};
NONEQ_PLUGIN(throws_when_made);

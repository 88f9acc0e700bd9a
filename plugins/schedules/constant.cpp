// Constant schedule: one β for every step (the published code of Ho et al. 2020, "const").
#include "noneq/plugin.hpp"

struct constant : noneq::schedule {
  double beta_t = 0.02;

  noneq::Tensor beta() const override { return noneq::constant(steps, beta_t); }

  static void describe(noneq::description<constant>& d) {
    d.doc("The same β at every step.").param("beta", &constant::beta_t, "β", noneq::inside(0, 1));
  }
};
NONEQ_PLUGIN(constant);

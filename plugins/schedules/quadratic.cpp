// Quadratic schedule (the published code of Ho et al. 2020): √β in equal steps.
#include "noneq/plugin.hpp"

struct quadratic : noneq::schedule {
  double first = 1e-4, last = 0.02;

  noneq::Tensor beta() const override { return noneq::quadratic(steps, first, last); }

  static void describe(noneq::description<quadratic>& d) {
    d.doc("√β grows in equal steps from √first to √last.")
        .param("first", &quadratic::first, "β at t = 1", noneq::inside(0, 1))
        .param("last", &quadratic::last, "β at t = T", noneq::above(0), noneq::at_most(1));
  }
};
NONEQ_PLUGIN(quadratic);

// Linear schedule (Ho et al. 2020, §4): β from first to last in equal steps, at T = 1000. The ends are meant for that T
// and are not rescaled for another: scaled by 1000/T they would pass 1 below T = 20.
#include "noneq/plugin.hpp"

struct linear : noneq::schedule {
  double first = 1e-4, last = 0.02;

  noneq::Tensor beta() const override { return noneq::linear(steps, first, last); }

  noneq::Tensor log_snr_at(const noneq::Tensor& u) const override { return noneq::linear_log_snr(u, first, last); }

  static void describe(noneq::description<linear>& d) {
    d.doc("β grows in equal steps from `first` to `last`, whatever T is.")
        .param("first", &linear::first, "β at t = 1", noneq::inside(0, 1))
        .param("last", &linear::last, "β at t = T", noneq::above(0), noneq::at_most(1));
  }
};
NONEQ_PLUGIN(linear);

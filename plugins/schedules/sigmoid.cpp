// Sigmoid schedule (Xu et al. 2022, GeoDiff, published code): β along a logistic curve.
#include "noneq/plugin.hpp"

struct sigmoid : noneq::schedule {
  double first = 1e-4, last = 0.02;

  noneq::Tensor beta() const override { return noneq::sigmoid(steps, first, last); }

  static void describe(noneq::description<sigmoid>& d) {
    d.doc("β rises from `first` to `last` along σ(u), u from −6 to 6.")
        .param("first", &sigmoid::first, "β far before the rise", noneq::inside(0, 1))
        .param("last", &sigmoid::last, "β far behind the rise", noneq::above(0), noneq::at_most(1));
  }
};
NONEQ_PLUGIN(sigmoid);

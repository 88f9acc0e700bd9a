// The simple loss (Ho et al. 2020, eq. 14): the squared error of the network's prediction, with equal weight at every
// t. It is a reweighting of the bound, not the bound.
#include "noneq/plugin.hpp"
#include "terms.hpp"

struct simple : noneq::loss {
  noneq::part<noneq::weighting> weighting;

  void check_process(const noneq::process& p) const override {
    if (p.variance && p.variance->outputs() > 0)
      throw noneq::error(
          "got a variance that the network predicts, which this loss does not train; "
          "need variance: fixed_small or fixed_large, or another loss");
  }

  noneq::Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    return shipped::terms::squared_error(b, p, noneq::coefficients_at(p.tables, b.at("t"), b.at("xt")),
                                         weighting ? &*weighting : nullptr);
  }
  const char* unit() const override { return "squared error"; }
  bool takes_missing() const override { return true; }

  static void describe(noneq::description<simple>& d) {
    d.doc(
         "Mean squared error of the prediction, per dimension; trains no variance. Where numbers are missing, the mean "
         "over those that were observed.")
        .param("weighting", &simple::weighting, "a weight per t on the error in ε, whatever the network predicts");
    d.reads("noise", "float32 [B, …]: ε").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(simple);

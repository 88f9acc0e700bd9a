// A variance: ln Σ of the reverse step. Here a fixed one between β̃, right for data that is one point, and β, right for
// data N(0, I).
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::variance {
  double share = 0.5;

  // 0: fixed. 1: the network has as many more outputs as x has numbers, and log_variance() receives them as `raw`.
  std::int64_t outputs() const override { return 0; }
  Tensor log_variance(const Tensor& /*raw*/, const noneq::coefficients& c, std::int64_t /*T*/) const override {
    return (1 - share) * c.log_beta_tilde + share * c.log_beta;
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("ln Σ lies between ln β̃ and ln β at every step.")
        .param("share", &my_plugin::share, "0: ln β̃, as fixed_small; 1: ln β, as fixed_large", noneq::between(0, 1))
        .spaces({"gaussian"});
  }
};

NONEQ_PLUGIN(my_plugin);

}

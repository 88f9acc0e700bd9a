// A schedule that does one thing wrong, as `how` says.
#include <limits>

#include "noneq/plugin.hpp"

namespace misbehaving_schedule {

using noneq::Tensor;

struct misbehaves : noneq::schedule {
  std::string how = "well";

  Tensor beta() const override {
    const Tensor good = at::full({steps}, 0.1, at::kDouble);
    if (how == "short") return good.narrow(0, 0, 4);
    if (how == "float") return good.to(at::kFloat);
    if (how == "undefined") return {};
    if (how == "negative") return good - 0.2;
    if (how == "nan") return good * std::numeric_limits<double>::quiet_NaN();
    if (how == "int") throw 42;
    return good;
  }
  Tensor log_snr_at(const Tensor& u) const override {
    const Tensor good = 5 - 10 * u;
    if (how == "scalar") return good.sum();
    if (how == "rising") return -good;
    return good;
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};

NONEQ_PLUGIN(misbehaves);

}

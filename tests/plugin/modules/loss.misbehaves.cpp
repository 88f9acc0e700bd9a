// A loss that does one thing wrong, as `how` says.
#include "noneq/plugin.hpp"

namespace misbehaving_loss {

struct misbehaves : noneq::loss {
  std::string how = "well";

  noneq::Tensor run(const noneq::batch& b, const noneq::process&) const override {
    const noneq::Tensor good = b.at("output").square().flatten(1).mean(1);
    if (how == "mean") return good.mean();
    if (how == "detached") return good.detach();
    if (how == "undefined") return {};
    return good;
  }
  const char* unit() const override { return ""; }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};
NONEQ_PLUGIN(misbehaves);

}

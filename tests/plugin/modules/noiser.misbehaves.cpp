// A noiser that does one thing wrong, as `how` says.
#include "noneq/plugin.hpp"

namespace misbehaving_noiser {

struct misbehaves : noneq::noiser {
  std::string how = "well";

  void draw(noneq::batch& b, const noneq::process& p, const noneq::stream& s) const override {
    noiser::draw(b, p, s);
    if (how == "late") b.set("t", b.at("t") + p.steps());
    if (how == "real_t") b.set("t", b.at("t").to(at::kDouble));
    if (how == "scalar_weight") b.set("weight", at::ones({}));
    if (how == "no_noise") b.tensors.erase("noise");
  }
  void apply(noneq::batch& b, const noneq::process&, const noneq::stream&) const override {
    const noneq::Tensor& x0 = b.at("x0");
    if (how == "no_xt") return;
    b.set("xt", how == "half" ? x0.to(at::kHalf) : how == "one_row" ? x0.narrow(0, 0, 1) : x0);
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};
NONEQ_PLUGIN(misbehaves);

}

// A transform that does one thing wrong, as `how` says.
#include "noneq/plugin.hpp"

namespace misbehaving_transform {

struct misbehaves : noneq::transform {
  std::string how = "well";

  noneq::dataset_info after(noneq::dataset_info before) const override { return before; }
  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const noneq::Tensor& x0 = b.at("x0");
    if (how == "fewer") return b.rows(0, b.size() / 2);
    if (how == "wide") b.set("x0", at::cat({x0, x0}, 1));
    if (how == "nan" && c.training) b.set("x0", x0 / 0. * 0.);
    if (how == "complex") b.set("x0", x0.to(at::kComplexFloat));
    if (how == "nothing") return {};
    if (how == "throws") throw 7;
    return b;
  }

  static void describe(noneq::description<misbehaves>& d) {
    d.doc("Does one thing wrong.").param("how", &misbehaves::how, "what");
  }
};
NONEQ_PLUGIN(misbehaves);

}

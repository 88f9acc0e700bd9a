// x^t in one jump, from q(x^t|x⁰) (Ho et al. 2020, eq. 4). The noise is drawn before and held fixed, so gradients reach
// a learned schedule through x^t ("frozen noise", Sohl-Dickstein et al. 2015, §2.4.1).
#include "noneq/plugin.hpp"

struct marginal : noneq::noiser {
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream&) const override {
    const noneq::Tensor& x0 = b.at("x0");
    const auto c = noneq::coefficients_at(p.tables, b.at("t"), x0);
    b.set("xt", p.kernel->jump(x0, c, b.at("noise")));
  }

  static void describe(noneq::description<marginal>& d) { d.doc("x^t in one jump from x⁰."); }
};
NONEQ_PLUGIN(marginal);

// x^t by walking the forward chain q(x^s|x^{s−1}), s = 1..t (Sohl-Dickstein et al. 2015, §2.1): the law of `marginal`
// at T times the work. For kernels of which only the one-step transition is trusted, and for testing those whose
// marginal is.
#include "noneq/diffusion/means.hpp"
#include "noneq/plugin.hpp"

struct trajectory : noneq::noiser {
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream& s) const override {
    const noneq::Tensor x0 = b.at("x0"), index = b.at("t");
    const noneq::Tensor last = noneq::broadcast_like(index, x0);
    const noneq::stream walk = s.fork("trajectory");
    const auto steps = index.numel() > 0 ? index.max().item<std::int64_t>() + 1 : 0;
    noneq::Tensor x = x0;
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto c = noneq::coefficients_at(p.tables, at::full_like(index, i), x);
      const noneq::Tensor noise = p.kernel->noise(x0.sizes().vec(), walk.fork(i + 1), b.first);
      // A sample that has arrived stays: the work on it is wasted, but every row keeps its own noise.
      x = at::where(last >= i, p.kernel->sample(p.kernel->transition(x, c), noise), x);
    }
    b.set("xt", x);
    // The network must predict the noise that leads from x⁰ to x^t, not the one drawn for a single jump.
    if (p.kernel->has_variance())
      b.set("noise", noneq::epsilon_from_x0(x0, x, noneq::coefficients_at(p.tables, index, x0)));
  }

  void check_process(const noneq::process& p) const override {
    if (p.tables.continuous())
      throw noneq::error("walks whole steps only, need noiser.marginal where time is continuous");
    noiser::check_process(p);
  }

  static void describe(noneq::description<trajectory>& d) {
    d.doc("x^t by walking every step of the forward process; slow, equal in law to `marginal`.");
  }
};
NONEQ_PLUGIN(trajectory);

// DPM-Solver++, multistep (Lu et al. 2022, algorithm 2 and appendix B; the midpoint form of the published code): one
// call of the network a step, x̂⁰ followed in λ by a line (2M) or a parabola (3M) through its last values.
#include "data_steps.hpp"

namespace {

using noneq::Tensor;

struct dpm_solver : shipped::data_solver {
  std::int64_t order = 2;
  bool lower_order_final = true;

  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    shipped::seen_x0s seen;
    return w.run([&](const Tensor& x, std::int64_t k) {
      const auto s = step(w, k);
      if (!s) return x;
      remember(seen, s->from, w.predict(x, w.index(k)).x0, static_cast<std::size_t>(order));
      const bool cautious = lower_order_final && w.steps() < 15;
      return advance(x, *s, seen, usable_order(*s, cautious ? std::min(order, k + 1) : order, seen));
    });
  }

  static Tensor advance(const Tensor& x, const shipped::data_step& s, const shipped::seen_x0s& seen,
                        std::size_t order) {
    const Tensor first = s.first_order(x, seen[0].x0);
    if (order < 2) return first;
    // Differences of x̂⁰ per step of length h.
    const double back = (seen[0].lambda - seen[1].lambda) / s.h;
    const Tensor newer = (seen[0].x0 - seen[1].x0) / back;
    if (order < 3) return first + (0.5 * s.to.alpha * s.gain) * newer;
    const double further = (seen[1].lambda - seen[2].lambda) / s.h;
    const Tensor older = (seen[1].x0 - seen[2].x0) / further;
    const Tensor slope = newer + (back / (back + further)) * (newer - older);
    // The published bend, half of h² times the second derivative: kept, so that numbers agree with the published ones.
    const Tensor bend = (newer - older) / (back + further);
    return first + (s.to.alpha * (1 - s.gain / s.h)) * slope +
           (s.to.alpha * (0.5 - (s.h - s.gain) / (s.h * s.h))) * bend;
  }

  static void describe(noneq::description<dpm_solver>& d) {
    d.doc("DPM-Solver++ multistep: deterministic, good samples in 10 to 30 steps.")
        .param("order", &dpm_solver::order, "1 is DDIM, 2 is 2M, 3 is 3M", noneq::between(1, 3))
        .param("lower_order_final", &dpm_solver::lower_order_final,
               "in fewer than 15 steps, end in steps of order 2 and 1, which are steadier")
        .spaces({"gaussian"});
    describe_end(d);
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(dpm_solver);

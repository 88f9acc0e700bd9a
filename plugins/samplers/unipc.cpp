// UniPC of order 2 with B₂(h) = e^h − 1 for networks that predict x̂⁰ (Zhao et al. 2023, algorithms 5 to 8): a
// DPM-Solver++ step, which the next call of the network, made for the next step anyway, corrects.
#include "data_steps.hpp"

namespace {

using noneq::Tensor;

struct unipc : shipped::data_solver {
  // A step made, from a corrected state, which shall be corrected itself.
  struct made_step {
    shipped::data_step step;
    Tensor x;
    std::size_t order;
  };

  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    shipped::seen_x0s seen;
    std::optional<made_step> made;
    return w.run([&](const Tensor& predicted, std::int64_t k) {
      const auto s = step(w, k);
      if (!s) return predicted;
      const Tensor x0 = w.predict(predicted, w.index(k)).x0;
      const Tensor x = made && !std::isinf(made->step.h) ? corrected(*made, seen, x0) : predicted;
      remember(seen, s->from, x0, 2);
      const std::size_t order = usable_order(*s, std::min<std::int64_t>(2, k + 1), seen);
      made = made_step{*s, x, order};
      Tensor next = s->first_order(x, x0);
      if (order == 2) next = next + (0.5 * s->to.alpha * s->gain) * slope(*s, seen);
      return next;
    });
  }

  // The change of x̂⁰ per step of length h, from what was seen before the step.
  static Tensor slope(const shipped::data_step& s, const shipped::seen_x0s& seen) {
    return (seen[0].x0 - seen[1].x0) * (s.h / (seen[0].lambda - seen[1].lambda));
  }

  // Makes the step again, with the network's prediction at its end.
  static Tensor corrected(const made_step& m, const shipped::seen_x0s& seen, const Tensor& x0) {
    const shipped::data_step& s = m.step;
    const Tensor change = x0 - seen[0].x0;
    Tensor weighted = 0.5 * change;
    if (m.order == 2) {
      // The weights integrate lines and parabolas in λ exactly: Σ w_j r_j^{n−1} = b_n at r = (back, 1).
      const double back = (seen[1].lambda - seen[0].lambda) / s.h;
      const double b1 = 1 / s.gain - 1 / s.h;
      const double b2 = 2 * (0.5 - b1 * s.gain / s.h) / s.gain;
      const double of_old = (b1 - b2) / (1 - back), of_new = (b2 - back * b1) / (1 - back);
      weighted = of_old * ((seen[1].x0 - seen[0].x0) / back) + of_new * change;
    }
    return s.first_order(m.x, seen[0].x0) + (s.to.alpha * s.gain) * weighted;
  }

  static void describe(noneq::description<unipc>& d) {
    d.doc("UniPC of order 2 (bh2): deterministic, predictor and corrector at one call of the network a step.")
        .spaces({"gaussian"});
    describe_end(d);
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(unipc);

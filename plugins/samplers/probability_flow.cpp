// The probability flow ODE, the deterministic course with the marginals of the diffusion, by a rule of order 3 in the
// angle φ. Fixed steps: an adaptive integrator would choose them by the whole chunk, and a sample would depend on its
// neighbours.
#include "angle.hpp"

namespace {

using noneq::Tensor;

struct probability_flow : shipped::clipped_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    const auto slope = [&](const Tensor& x, std::int64_t i) {
      return shipped::angle_slope(w.at(i), x, w.predict(x, i).x0);
    };
    return w.run([&](const Tensor& x, std::int64_t k) {
      const std::int64_t i = w.index(k);
      if (k == 0) return w.predict(x, i).x0;
      const std::int64_t to = w.index(k - 1), middle = nearest_to_middle(w, to, i);
      const double h = w.at(to).angle - w.at(i).angle;
      if (h == 0) return x;  // where almost no signal is left, two steps may share one angle
      const double u = (w.at(middle).angle - w.at(i).angle) / h;
      const Tensor begin = slope(x, i);
      if (u < 0.3 || u > 0.6) return shipped::heun_step(w, x, begin, w.at(i), to);  // needs no middle
      // Kutta's rule of order 3 with its middle stage at the share u of the step.
      const Tensor half = slope(x + (u * h) * begin, middle);
      const double lean = (1 - u) / (u * (2 - 3 * u));
      const Tensor end = slope(x + h * ((1 - lean) * begin + lean * half), to);
      const double of_half = 1 / (6 * u * (1 - u)), of_end = (2 - 3 * u) / (6 * (1 - u));
      return x + h * ((1 - of_half - of_end) * begin + of_half * half + of_end * end);
    });
  }

  // The step between two visited ones whose angle is nearest to their middle; `from` when there is none between.
  static std::int64_t nearest_to_middle(const shipped::walk& w, std::int64_t to, std::int64_t from) {
    const double middle = (w.at(to).angle + w.at(from).angle) / 2;
    std::int64_t best = from;
    for (std::int64_t i = to + 1; i < from; ++i)
      if (std::abs(w.at(i).angle - middle) < std::abs(w.at(best).angle - middle)) best = i;
    return best;
  }

  static void describe(noneq::description<probability_flow>& d) {
    d.doc(
         "The probability flow ODE by Runge-Kutta steps of order 3, three calls of the network each; of order 2 where "
         "the grid leaves no step between two visited ones to ask in the middle. The last step is x̂⁰ at the lowest "
         "visited t.")
        .spaces({"gaussian"});
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(probability_flow);

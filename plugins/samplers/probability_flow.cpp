// The probability flow ODE (Song et al. 2021, eq. 13): the deterministic course with the marginals of the diffusion. In
// the angle φ of x^t = cos φ x⁰ + sin φ ε it reads dx/dφ = v̂ (Salimans & Ho 2022, app. D), smooth from pure noise to
// data. Fixed steps: an adaptive integrator would choose them by the whole chunk, and a sample would depend on its
// neighbours.
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct probability_flow : noneq::clipped_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    noneq::walk w(d, *this, r);
    const auto slope = [&](const Tensor& x, std::int64_t i) {
      const noneq::level at = w.at(i);
      return (at.alpha * x - w.predict(x, i).x0) / at.sigma;
    };
    return w.run([&](const Tensor& x, std::int64_t k) {
      const std::int64_t i = w.index(k);
      if (k == 0) return w.predict(x, i).x0;
      const std::int64_t to = w.index(k - 1), middle = nearest_to_middle(w, to, i);
      const double h = w.at(to).angle - w.at(i).angle;
      const double u = (w.at(middle).angle - w.at(i).angle) / h;
      const Tensor begin = slope(x, i);
      if (u < 0.3 || u > 0.6) return x + (0.5 * h) * (begin + slope(x + h * begin, to));  // Heun's rule needs no middle
      // Kutta's rule of order 3 with its middle stage at the share u of the step.
      const Tensor half = slope(x + (u * h) * begin, middle);
      const double lean = (1 - u) / (u * (2 - 3 * u));
      const Tensor end = slope(x + h * ((1 - lean) * begin + lean * half), to);
      const double of_half = 1 / (6 * u * (1 - u)), of_end = (2 - 3 * u) / (6 * (1 - u));
      return x + h * ((1 - of_half - of_end) * begin + of_half * half + of_end * end);
    });
  }

  // The step between two visited ones whose angle is nearest to their middle; `from` when there is none between.
  static std::int64_t nearest_to_middle(const noneq::walk& w, std::int64_t to, std::int64_t from) {
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

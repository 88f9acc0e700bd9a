// Heun's method on the probability flow ODE, with the churn of Karras et al. 2022 (algorithm 2): order 2, two calls of
// the network a step but for the last. They step in σ/α = tan φ, where the first step from a schedule like `cosine`
// begins at 2·10⁴ and the mean of the slopes at its ends multiplies the samples' deviation. The same ODE in the angle φ
// (angle.hpp) has no such steps; near the data both are the same.
#include "angle.hpp"
#include "edm.hpp"

namespace {

using noneq::Tensor;

struct heun : shipped::edm_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    return w.run([&](const Tensor& x, std::int64_t k) {
      const told from = begin_step(w, x, k);
      if (k == 0) return from.x0;
      return shipped::heun_step(w, from.x, shipped::angle_slope(from.at, from.x, from.x0), from.at, w.index(k - 1));
    });
  }

  static void describe(noneq::description<heun>& d) {
    d.doc("Heun steps of the probability flow ODE with churn (Karras et al. 2022), two calls of the network each.")
        .spaces({"gaussian"});
    describe_churn(d);
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(heun);

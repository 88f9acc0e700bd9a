// Ancestral sampling: x^T ~ π, then x^{t−1} ~ p(x^{t−1}|x^t) down to x⁰, which is the most likely one given x¹.
// Sohl-Dickstein et al. 2015, §2.2; Ho et al. 2020, algorithm 2. Where a guide needs it, every step is drawn several
// times, from an x^t that was drawn from q(x^t|x^{t−1}) (Lugmayr et al. 2022, algorithm 1).
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct ancestral : shipped::clipped_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    const noneq::kernel& kernel = *d.process().kernel;
    if (clip && !kernel.has_variance())
      throw noneq::error("clip got true for a kernel of discrete states, need false: there is no x̂⁰ to clip");
    shipped::walk w(d, *this, r);
    return w.run([&](Tensor x, std::int64_t k) {
      const std::int64_t i = w.index(k);
      for (std::int64_t repetition = 1;; ++repetition) {
        const auto p = w.predict_of_visited(x, k);
        noneq::distribution reverse = p.reverse;
        if (clip || w.guides().asks_gradients()) reverse.location = shipped::reverse_location(kernel, p.x0, x, p.c);
        reverse = w.guides().multiplied(reverse, p.c);
        if (k == 0) return kernel.most_likely(reverse);
        const Tensor before = kernel.sample(reverse, repetition == 1 ? w.noise(i) : w.noise_again(i, repetition));
        if (repetition == w.guides().draws_of_step()) return before;
        x = kernel.sample(kernel.transition(before, p.c), w.noise_back(i, repetition));
      }
    });
  }

  bool draws_steps() const override { return true; }

  static void describe(noneq::description<ancestral>& d) {
    d.doc("Draws every reverse step from p(x^{t−1}|x^t); works in any state space.");
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(ancestral);

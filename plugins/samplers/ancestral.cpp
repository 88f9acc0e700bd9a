// Ancestral sampling: x^T ~ π, then x^{t−1} ~ p(x^{t−1}|x^t) down to x⁰, which is the most likely one given x¹.
// Sohl-Dickstein et al. 2015, §2.2; Ho et al. 2020, algorithm 2.
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct ancestral : noneq::clipped_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    const noneq::kernel& kernel = *d.process().kernel;
    if (clip && !kernel.has_variance())
      throw noneq::error("clip got true for a kernel of discrete states, need false: there is no x̂⁰ to clip");
    noneq::walk w(d, *this, r);
    return w.run([&](const Tensor& xt, std::int64_t k) {
      const auto p = w.predict_of_visited(xt, k);
      noneq::distribution reverse = p.reverse;
      if (clip || w.guides().asks_gradients()) reverse.location = kernel.posterior(p.x0, xt, p.c).location;
      reverse = w.guides().multiplied(reverse, p.c);
      return k == 0 ? kernel.most_likely(reverse) : kernel.sample(reverse, w.noise(w.index(k)));
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

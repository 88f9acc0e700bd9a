// Ancestral sampling: x^T ~ π, then x^{t−1} ~ p(x^{t−1}|x^t) down to x⁰, which is the most likely one given x¹.
// Sohl-Dickstein et al. 2015, §2.2; Ho et al. 2020, algorithm 2.
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct ancestral : noneq::sampler {
  bool clip = false;
  double clip_low = -1, clip_high = 1;

  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    const noneq::walk w(d, *this);
    const noneq::kernel& k = *d.process().kernel;
    if (clip && !k.has_variance())
      throw noneq::error("clip got true for a kernel of discrete states, need false: there is no x̂⁰ to clip");
    return w.run(r, [&](const Tensor& xt, std::int64_t i, auto noise) {
      const auto p = w.denoiser.predict(xt, i, r.label);
      noneq::distribution reverse = p.reverse;
      if (clip) reverse.location = k.posterior(p.x0.clamp(clip_low, clip_high), xt, p.c).location;
      return i == 0 ? k.most_likely(reverse) : k.sample(reverse, noise());
    });
  }

  void check() const override {
    if (!(clip_low < clip_high))
      throw noneq::error(c10::str("clip_low got ", clip_low, ", need less than clip_high, which is ", clip_high));
  }

  static void describe(noneq::description<ancestral>& d) {
    d.doc("Draws every reverse step from p(x^{t−1}|x^t); works in any state space.")
        .param("clip", &ancestral::clip, "keep x̂⁰ within clip_low … clip_high at every step (Gaussian kernel)")
        .param("clip_low", &ancestral::clip_low, "least x̂⁰, in normalised units")
        .param("clip_high", &ancestral::clip_high, "largest x̂⁰, in normalised units");
  }
};

}

NONEQ_PLUGIN(ancestral);

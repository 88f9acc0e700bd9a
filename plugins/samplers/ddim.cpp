// Denoising diffusion implicit models: the same network, another reverse process with the same marginals, of which
// eta = 0 is deterministic and eta = 1 ancestral sampling with Σ = β̃. Song et al. 2021, eqs. 12 and 16.
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct ddim : noneq::sampler {
  double eta = 0, clip_low = -1, clip_high = 1;
  bool clip = false;

  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    const noneq::walk w(d, *this);
    return w.run(r, [&](const Tensor& xt, std::int64_t i, auto noise) {
      const auto p = w.denoiser.predict(xt, i, r.label);
      const Tensor x0 = clip ? p.x0.clamp(clip_low, clip_high) : p.x0;
      if (i == 0) return x0;
      const Tensor eps = (xt - p.c.sqrt_alpha_bar * x0) / p.c.sqrt_one_minus_alpha_bar;
      const Tensor variance = eta * eta * p.c.beta_tilde;
      const Tensor mean =
          p.c.alpha_bar_prev.sqrt() * x0 + (p.c.one_minus_alpha_bar_prev - variance).clamp_min(0).sqrt() * eps;
      return eta > 0 ? mean + variance.sqrt() * noise() : mean;
    });
  }

  void check() const override {
    if (!(clip_low < clip_high))
      throw noneq::error(c10::str("clip_low got ", clip_low, ", need less than clip_high, which is ", clip_high));
  }

  static void describe(noneq::description<ddim>& d) {
    d.doc("Implicit sampling along x̂⁰ and ε̂; good samples in few steps.")
        .param("eta", &ddim::eta, "share of the ancestral noise: 0 is deterministic, 1 ancestral", noneq::between(0, 1))
        .param("clip", &ddim::clip, "keep x̂⁰ within clip_low … clip_high at every step")
        .param("clip_low", &ddim::clip_low, "least x̂⁰, in normalised units")
        .param("clip_high", &ddim::clip_high, "largest x̂⁰, in normalised units")
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(ddim);

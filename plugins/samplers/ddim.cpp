// Denoising diffusion implicit models: the same network, another reverse process with the same marginals, of which
// eta = 0 is deterministic and eta = 1 ancestral sampling with Σ = β̃. Song et al. 2021, eqs. 12 and 16.
#include "walk.hpp"

namespace {

using noneq::Tensor;

struct ddim : shipped::clipped_sampler {
  double eta = 0;

  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    return w.run([&](const Tensor& xt, std::int64_t k) {
      const auto p = w.predict_of_visited(xt, k);
      if (k == 0) return p.x0;
      const Tensor eps = (xt - p.c.sqrt_alpha_bar * p.x0) / p.c.sqrt_one_minus_alpha_bar;
      const Tensor variance = eta * eta * p.c.beta_tilde;
      const Tensor mean =
          p.c.alpha_bar_prev.sqrt() * p.x0 + (p.c.one_minus_alpha_bar_prev - variance).clamp_min(0).sqrt() * eps;
      return eta > 0 ? mean + variance.sqrt() * w.noise(w.index(k)) : mean;
    });
  }

  static void describe(noneq::description<ddim>& d) {
    d.doc("Implicit sampling along x̂⁰ and ε̂; good samples in few steps.")
        .param("eta", &ddim::eta, "share of the ancestral noise: 0 is deterministic, 1 ancestral", noneq::between(0, 1))
        .spaces({"gaussian"});
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(ddim);

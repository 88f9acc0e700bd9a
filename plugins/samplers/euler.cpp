// Euler steps of the ODE of Karras et al. 2022 in σ/α, with their churn. Without churn it is deterministic DDIM.
#include "edm.hpp"

namespace {

using noneq::Tensor;

struct euler : shipped::edm_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    shipped::walk w(d, *this, r);
    return w.run([&](const Tensor& x, std::int64_t k) {
      return edm_sampler::euler(begin_step(w, x, k), w.at(k == 0 ? -1 : w.index(k - 1)));
    });
  }

  static void describe(noneq::description<euler>& d) {
    d.doc("Euler steps in σ/α with churn (Karras et al. 2022); without churn, deterministic DDIM.")
        .spaces({"gaussian"});
    describe_churn(d);
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(euler);

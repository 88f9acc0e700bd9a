// Heun's method on the ODE of Karras et al. 2022 in σ/α, with their churn (algorithm 2): order 2, two calls of the
// network a step but for the last.
#include "edm.hpp"

namespace {

using noneq::Tensor;

struct heun : noneq::edm_sampler {
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    noneq::walk w(d, *this, r);
    return w.run([&](const Tensor& x, std::int64_t k) {
      const told from = start(w, x, k);
      if (k == 0) return from.x0;
      const noneq::level to = w.at(w.index(k - 1));
      const Tensor predicted = euler(from, to);
      if (!from.at.has_signal()) return predicted;  // σ/α is infinite, and the mean of two slopes has no meaning
      const told end = ask(w, predicted, w.index(k - 1));
      return predicted + (0.5 * to.alpha * (to.spread() - from.at.spread())) * (end.eps - from.eps);
    });
  }

  static void describe(noneq::description<heun>& d) {
    d.doc("Heun steps in σ/α with churn (Karras et al. 2022); best on the grid karras, with about 20 steps.")
        .spaces({"gaussian"});
    describe_churn(d);
    describe_clip(d);
  }
};

}

NONEQ_PLUGIN(heun);

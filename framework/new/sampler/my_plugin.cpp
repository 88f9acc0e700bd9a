// A sampler: draws data from a trained model. Here implicit sampling (DDIM, Song et al. 2021, eq. 12): each step leads
// along x̂⁰ and the noise that x^t then holds.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::sampler {
  // Returns r.count samples in units of the model. Called by several threads at once; a sample must depend on the seed
  // and its own index, r.first + k, alone: noise comes from r.stream, at r.first.
  Tensor sample(const noneq::denoiser& d, const noneq::sampling_request& r) const override {
    const at::NoGradGuard no_gradients;
    const noneq::process& p = d.process();
    std::vector<std::int64_t> steps = kept_steps(p);  // ascending, as `steps` and `grid` of the pipeline state
    if (r.from_index >= 0) {                          // the step that r.start belongs to
      steps.erase(std::lower_bound(steps.begin(), steps.end(), r.from_index), steps.end());
      steps.push_back(r.from_index);
    }
    Tensor x = noise_at_first(*p.kernel, r);
    noneq::conditions given = r.given;
    const auto show = [&](std::int64_t t) {
      if (r.visit) r.visit(t, x);
    };
    show(steps.back() + 1);
    for (std::size_t k = steps.size(); k-- > 0;) {
      const auto now = d.predict(x, steps[k], given);
      given = given.with("x0_hat", now.x0);  // for networks that read their last prediction
      if (k == 0) {
        x = now.x0;
      } else {
        const Tensor eps = (x - now.c.sqrt_alpha_bar * now.x0) / now.c.sqrt_one_minus_alpha_bar;
        const double signal = p.tables.alpha_bar[steps[k - 1]].item<double>();
        const double noise = p.tables.one_minus_alpha_bar[steps[k - 1]].item<double>();
        x = std::sqrt(signal) * now.x0 + std::sqrt(noise) * eps;
      }
      show(k == 0 ? 0 : steps[k - 1] + 1);
    }
    return x;
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Implicit sampling along x̂⁰ and ε̂, without noise on the way.").spaces({"gaussian"});
  }

 private:
  // x^T: given, or drawn from the stationary distribution.
  static Tensor noise_at_first(const noneq::kernel& kernel, const noneq::sampling_request& r) {
    if (r.start.defined()) return r.start;
    noneq::sizes shape{r.count};
    shape.insert(shape.end(), r.shape.begin(), r.shape.end());
    return kernel.sample(kernel.stationary(at::empty(shape, at::kFloat)),
                         kernel.noise(shape, r.stream.fork("start"), r.first));
  }
};

NONEQ_PLUGIN(my_plugin);

}

// What every sampler that walks the schedule from t = T down to 0 needs: the steps it visits, under which t the network
// and the noise know them, and when to show x^t.
#pragma once

#include "noneq/plugin.hpp"

namespace noneq {

struct walk {
  noneq::denoiser denoiser;  // seen at the kept steps only

  walk(const noneq::denoiser& d, const sampler& s) : denoiser(d) {
    if (const auto kept = s.kept_steps(d.process().steps()); !kept.empty()) denoiser = d.respaced(kept);
  }

  // The index in the schedule that the network was trained with.
  std::int64_t original(std::int64_t i) const {
    const auto& kept = denoiser.process().kept;
    return kept.empty() ? i : kept[static_cast<std::size_t>(i)];
  }

  // From x^T ~ π through  x = step(x, i, noise)  for i = steps−1 … 0. Noise belongs to the original index and the
  // sample, so that neither chunks nor the number of steps change what a step draws.
  template <class Step>
  Tensor run(const sampling_request& r, Step step) const {
    const at::NoGradGuard no_gradients;
    const kernel& k = *denoiser.process().kernel;
    sizes shape = {r.count};
    shape.insert(shape.end(), r.shape.begin(), r.shape.end());
    Tensor x = k.sample(k.stationary(at::empty(shape, at::kFloat)), k.noise(shape, r.stream.fork("start"), r.first));
    const std::int64_t last = denoiser.process().steps() - 1;
    if (r.visit) r.visit(original(last) + 1, x);
    for (std::int64_t i = last; i >= 0; --i) {
      x = step(x, i, [&, i] { return k.noise(shape, r.stream.fork(original(i) + 1), r.first); });
      if (r.visit) r.visit(i == 0 ? 0 : original(i - 1) + 1, x);
    }
    return x;
  }
};

}

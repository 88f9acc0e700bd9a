// The guides of a sampler at work on one chunk: what the network says of x^t is changed as r_t says, or the reverse
// step is multiplied by r. Belongs to one thread.
#pragma once

#include <torch/csrc/autograd/autograd.h>

#include "noneq/plugin.hpp"

namespace noneq {

class guided {
 public:
  guided(const std::vector<const guide*>& guides, const guided_chunk& chunk) {
    for (const guide* g : guides) (g->multiplies_steps() ? of_step_ : of_state_).push_back(g->begin(chunk));
  }

  bool asks_gradients() const { return !of_state_.empty(); }

  // What the network says at step index i, with x̂⁰ + (1−ᾱ)/√ᾱ Σ ∇ ln r_t for x̂⁰; several guides are taken as
  // independent of each other given x^t. A state without signal says nothing of x⁰ and is left alone.
  denoiser::prediction predict(const denoiser& d, const Tensor& x, std::int64_t i, const Tensor& label,
                               const Tensor& told) const {
    if (!asks_gradients()) return d.predict(x, i, label, told);
    const at::AutoGradMode with_gradients(true);
    const Tensor xt = x.detach().requires_grad_();
    denoiser::prediction p = d.predict(xt, i, label, told);
    const Tensor said = p.x0;
    if (!said.requires_grad())
      throw error("guides got a network whose x̂⁰ has no derivative by x^t, need one that can be differentiated");
    p.z = p.z.detach();
    p.reverse.location = p.reverse.location.detach();
    p.reverse.log_variance = p.reverse.log_variance.detach();
    p.x0 = said.detach();
    if (p.c.sqrt_alpha_bar.min().item<double>() == 0) return p;
    const guided_state here{xt.detach(), p.x0, p.c, [&](const Tensor& u) {
                              return torch::autograd::grad({said}, {xt}, {u}, /*retain_graph=*/true)[0];
                            }};
    Tensor pushed = p.x0;
    for (const auto& g : of_state_) pushed = pushed + p.c.one_minus_alpha_bar / p.c.sqrt_alpha_bar * g->gradient(here);
    p.x0 = pushed.detach();
    return p;
  }

  distribution multiplied(distribution reverse, const coefficients& c) const {
    for (const auto& g : of_step_) reverse = g->multiplied(reverse, c);
    return reverse;
  }

 private:
  std::vector<std::unique_ptr<guidance>> of_state_, of_step_;
};

}

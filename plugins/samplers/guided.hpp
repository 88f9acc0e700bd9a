// The guides of a sampler at work on one chunk: they change the network's prediction from x^t by r_t, or multiply the
// reverse step by r. Belongs to one thread.
#pragma once

#include <torch/csrc/autograd/autograd.h>

#include "../mixture.hpp"
#include "../tweedie.hpp"
#include "certainties.hpp"

namespace shipped {

// Returns the location of the reverse step when x⁰ has the mean x̂⁰: the posterior's mean, and for bits the two
// posteriors mixed.
inline noneq::Tensor reverse_location(const noneq::kernel& k, const noneq::Tensor& x0, const noneq::Tensor& xt,
                                      const noneq::coefficients& c) {
  if (k.has_variance()) return k.posterior(x0, xt, c).location;
  return mixture::location(x0.logit().clamp(-80, 80), {xt, c, k});
}

class guided {
 public:
  // Throws where a guide cannot guide these samples, or no x can be what all of them are certain of.
  guided(const std::vector<const noneq::guide*>& guides, const noneq::process& p, const noneq::sampling_request& r) {
    if (!guides.empty()) r.normal.need_affine("a guide");
    const noneq::guided_chunk chunk{p, r.first, r.count, r.shape, r.normal, r.range, r.rows};
    certain_.emplace(chunk);
    for (std::size_t k = 0; k < guides.size(); ++k) {
      const noneq::guide& g = *guides[k];
      std::unique_ptr<noneq::guidance> begun;
      noneq::said_of(guides.size() == 1 ? "guides" : c10::str("guides[", k, "]"), [&] { begun = g.begin(chunk); });
      certain_->add(*begun);
      (g.multiplies_steps() ? of_step_ : of_state_).push_back(std::move(begun));
      draws_ = std::max(draws_, g.draws_of_step());
    }
    certain_->check();
  }

  bool asks_gradients() const { return !of_state_.empty(); }
  // Returns how often each step is drawn: the largest number that a guide needs.
  std::int64_t draws_of_step() const { return draws_; }

  // Returns how far samples [n, …] are from what is certain of them, [n]; undefined where nothing is certain.
  noneq::Tensor missed(const noneq::Tensor& x) const {
    return certain_->empty() ? noneq::Tensor() : certain_->missed(x);
  }

  // Returns the network's prediction at step index i, with x̂⁰ + ∇ ln r_t/Δ_t for x̂⁰ (Tweedie's formula). Guides do so
  // in turn, each for what those before it left open, so that one that repeats another changes little; their noise
  // counts as independent given x^t. In the end x̂⁰ has all that is certain. From a state without signal guides learn
  // nothing else.
  noneq::denoiser::prediction predict(const noneq::denoiser& d, const noneq::Tensor& x, std::int64_t i,
                                      const noneq::conditions& given) const {
    if (!asks_gradients()) return d.predict(x, i, given);
    const at::AutoGradMode with_gradients(true);
    const noneq::Tensor xt = x.detach().requires_grad_();
    noneq::denoiser::prediction p = d.predict(xt, i, given);
    const noneq::Tensor said = p.x0;
    if (!said.requires_grad())
      throw noneq::error("guides got a network whose x̂⁰ has no derivative by x^t, need one that can be differentiated");
    p.z = p.z.detach();
    p.reverse.location = p.reverse.location.detach();
    if (p.reverse.log_variance.defined()) p.reverse.log_variance = p.reverse.log_variance.detach();
    p.x0 = said.detach();
    const noneq::kernel& k = *d.process().kernel;
    const noneq::Tensor reach = tweedie(k, p.c);
    if (!reach.isfinite().all().item<bool>()) {
      if (k.has_variance()) p.x0 = certain_->nearest(p.x0);
      return p;
    }
    noneq::guided_state here{xt.detach(), p.x0, p.c, [&](const noneq::Tensor& u) {
                               noneq::stop_here_if_asked();
                               return torch::autograd::grad({said}, {xt}, {u}, /*retain_graph=*/true)[0];
                             }};
    for (const auto& g : of_state_) {
      here.x0 = (here.x0 + reach * g->gradient(here)).detach();
      if (!k.has_variance()) here.x0 = here.x0.clamp(0, 1);
    }
    p.x0 = k.has_variance() ? certain_->nearest(here.x0) : here.x0;
    return p;
  }

  noneq::distribution multiplied(noneq::distribution reverse, const noneq::coefficients& c) const {
    for (const auto& g : of_step_) reverse = g->multiplied(reverse, c);
    return reverse;
  }

 private:
  std::vector<std::unique_ptr<noneq::guidance>> of_state_, of_step_;
  std::optional<certainties> certain_;
  std::int64_t draws_ = 1;
};

}

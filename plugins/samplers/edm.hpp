// The stochastic samplers of Karras et al. 2022 (algorithm 2), written for x^t = α x⁰ + σ ε: their x is x^t/α, their σ
// is σ/α. Before a step the noise may be raised a little ("churn"); the step down is Euler's in σ/α, which is
// deterministic DDIM, or more. Const use is thread-safe.
#pragma once

#include <numbers>

#include "walk.hpp"

namespace shipped {

struct edm_sampler : clipped_sampler {
  double churn = 0, churn_min = 0, churn_max = 1e9, churn_noise = 1;

  // A state and the network's prediction from it.
  struct told {
    level at;
    noneq::Tensor x, x0, eps;
  };
  static told ask(walk& w, const noneq::Tensor& x, std::int64_t i) {
    const level at = w.at(i);
    const noneq::Tensor x0 = w.predict(x, i).x0;
    return {at, x, x0, (x - at.alpha * x0) / at.sigma};
  }

  // The k-th visited state, raised. The network knows whole steps only, so the noise is raised to that of the step
  // nearest to the wanted one, by exactly what lies between.
  told begin_step(walk& w, const noneq::Tensor& x, std::int64_t k) const {
    const std::int64_t i = w.index(k);
    const level at = w.at(i);
    const double share = std::min(churn / static_cast<double>(w.steps()), std::numbers::sqrt2 - 1);
    if (share == 0 || !at.has_signal() || at.spread() < churn_min || at.spread() > churn_max) return ask(w, x, i);
    const std::int64_t j = nearest(w, i, at.spread() * (1 + share));
    const level raised = w.at(j);
    const double added = std::sqrt(raised.spread() * raised.spread() - at.spread() * at.spread());
    return ask(w, raised.alpha * (x / at.alpha + (churn_noise * added) * w.noise(i)), j);
  }

  static noneq::Tensor euler(const told& from, const level& to) { return to.alpha * from.x0 + to.sigma * from.eps; }

  void check() const override {
    clipped_sampler::check();
    if (!(churn_min <= churn_max))
      throw noneq::error(c10::str("churn_min got ", churn_min, ", need at most churn_max, which is ", churn_max));
  }

  template <class P>
  static void describe_churn(noneq::description<P>& d) {
    d.param("churn", &P::churn, "S_churn: noise added and taken away again over the whole walk; 0: deterministic",
            noneq::at_least(0))
        .param("churn_min", &P::churn_min, "S_tmin: no churn below this σ/α = √((1−ᾱ)/ᾱ)", noneq::at_least(0))
        .param("churn_max", &P::churn_max, "S_tmax: no churn above this σ/α", noneq::at_least(0))
        .param("churn_noise", &P::churn_noise, "S_noise: factor on the standard deviation of added noise",
               noneq::at_least(0));
  }

 private:
  // The step from i on whose spread is nearest to `wanted`.
  static std::int64_t nearest(const walk& w, std::int64_t i, double wanted) {
    const std::int64_t T = w.process().steps();
    std::int64_t j = i;
    while (j + 1 < T && w.at(j + 1).has_signal() && w.at(j + 1).spread() <= wanted) ++j;
    const bool above =
        j + 1 < T && w.at(j + 1).has_signal() && w.at(j + 1).spread() - wanted < wanted - w.at(j).spread();
    return above ? j + 1 : j;
  }
};

}

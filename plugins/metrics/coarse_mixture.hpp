// A mixture of atoms blurred by noise: neighbours in the list that lie much closer together than the noise is wide are
// joined. Data on a curve needs many atoms where there is little noise and few where there is much, so the density
// costs no more than necessary at every step. Float64. Values; const use is thread-safe.
#pragma once

#include "noneq/plugin/roles/loader.hpp"

namespace shipped {

class coarse_mixture {
 public:
  struct level {
    noneq::Tensor atoms, log_weights;  // [n, …], [n]; weights sum to 1
    double reach = 0;                  // no atom of the mixture is farther than this from the one it was joined into
  };

  explicit coarse_mixture(const noneq::mixture& m) : variance_(m.variance) {
    levels_.push_back({m.atoms.to(at::kDouble), at::log_softmax(m.log_weights.to(at::kDouble), 0), 0});
    while (levels_.back().atoms.size(0) % 2 == 0) levels_.push_back(joined(levels_.back()));
  }

  const level& finest() const { return levels_.front(); }
  double variance() const { return variance_; }

  // Returns the coarsest level that is equal to the mixture under noise of standard deviation σ, in units of x⁰: on a
  // curve its atoms are 0.4σ apart at most, where a sum in place of an integral is off by 2exp(−2π²/0.4²) < 1e-50; and
  // moving atoms by so little changes the mean of ln q in the fourth order of 0.4 only, as the density's integral stays
  // 1.
  const level& seen_through(double noise) const {
    const level* best = &finest();
    for (const level& l : levels_)
      if (l.reach <= noise / 5) best = &l;
    return *best;
  }

 private:
  // Atoms 2k and 2k + 1 in one, at their centre.
  static level joined(const level& l) {
    const std::int64_t n = l.atoms.size(0) / 2;
    const noneq::Tensor atoms = l.atoms.reshape({n, 2, -1}), log_weights = l.log_weights.view({n, 2});
    const noneq::Tensor centre = (log_weights.softmax(1).unsqueeze(2) * atoms).sum(1, true);
    auto shape = l.atoms.sizes().vec();
    shape[0] = n;
    return {centre.reshape(shape), log_weights.logsumexp(1),
            l.reach + (atoms - centre).norm(2, 2).max().item<double>()};
  }

  double variance_;
  std::vector<level> levels_;
};

}

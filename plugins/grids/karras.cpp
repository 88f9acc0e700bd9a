// The σ-grid of Karras et al. 2022, eq. 5: σ^{1/ρ} in equal strides, σ = √((1−ᾱ)/ᾱ). The network accepts whole steps
// only, so each σ is moved to the nearest step that is still free.
#include <algorithm>

#include "noneq/plugin.hpp"

struct karras : noneq::grid {
  double rho = 7;

  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    const noneq::Tensor log_sigma = -0.5 * t.snr.detach().log();
    const std::vector<double> all(log_sigma.data_ptr<double>(), log_sigma.data_ptr<double>() + t.steps());
    // Steps without signal have no σ; the curve begins at the one below them, and the last of them is visited before.
    const std::int64_t ending = std::find(all.begin(), all.end(), INFINITY) - all.begin();
    const std::int64_t on_curve = std::min(ending < t.steps() ? count - 1 : count, ending);
    std::vector<std::int64_t> kept;
    const double low = std::exp(all.front() / rho);
    const double high = std::exp(all[static_cast<std::size_t>(std::max<std::int64_t>(ending - 1, 0))] / rho);
    for (std::int64_t k = 0; k < on_curve; ++k) {
      const double share = on_curve > 1 ? static_cast<double>(k) / static_cast<double>(on_curve - 1) : 1;
      const std::int64_t wanted = nearest(all, ending, rho * std::log(low + share * (high - low)));
      const std::int64_t free = kept.empty() ? 0 : kept.back() + 1, left = on_curve - 1 - k;
      kept.push_back(std::clamp(wanted, free, ending - 1 - left));
    }
    for (std::int64_t i = t.steps() - (count - on_curve); i < t.steps(); ++i) kept.push_back(i);
    return kept;
  }

  // Among the first `ending` values, which ascend.
  static std::int64_t nearest(const std::vector<double>& all, std::int64_t ending, double wanted) {
    const auto above = std::lower_bound(all.begin(), all.begin() + ending, wanted);
    const std::int64_t i = above - all.begin();
    if (i == 0 || (i < ending && *above - wanted < wanted - *(above - 1))) return i;
    return i - 1;
  }

  static void describe(noneq::description<karras>& d) {
    d.doc("Dense where there is little noise: σ^{1/ρ} in equal strides, both ends included (Karras et al. 2022).")
        .param("rho", &karras::rho, "ρ; 1 spaces σ itself equally, larger values crowd towards the data",
               noneq::between(0.1, 100));
  }
};
NONEQ_PLUGIN(karras);

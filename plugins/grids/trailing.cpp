// From t = T down in equal strides T/count (Lin et al. 2024, table 2): the noisiest step is always visited, which
// schedules without signal at t = T need.
#include "noneq/plugin.hpp"

struct trailing : noneq::grid {
  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    const auto T = static_cast<double>(t.steps());
    std::vector<std::int64_t> kept;
    for (std::int64_t k = count - 1; k >= 0; --k)
      kept.push_back(
          static_cast<std::int64_t>(std::nearbyint(T - static_cast<double>(k) * T / static_cast<double>(count))) - 1);
    return kept;
  }

  static void describe(noneq::description<trailing>& d) {
    d.doc("Equal strides from t = T down; t = 1 is not visited (\"trailing\" in Lin et al. 2024). One step: t = T.");
  }
};
NONEQ_PLUGIN(trailing);

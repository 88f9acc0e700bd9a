// A grid: the steps that a sampler visits. Here they lie as a power of equal parts: closer together near the data.
#include "noneq/plugin.hpp"

namespace {

struct my_plugin : noneq::grid {
  double power = 2;

  // Returns `count` (1..T) different indices i = t − 1, ascending, in 0..T−1.
  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    const std::int64_t last = t.steps() - 1;
    if (count == 1) return {last};
    std::vector<std::int64_t> kept;
    for (std::int64_t k = 0; k < count; ++k) {
      const double part = std::pow(static_cast<double>(k) / static_cast<double>(count - 1), power);
      const auto i = static_cast<std::int64_t>(part * static_cast<double>(last) + 1e-9);
      kept.push_back(kept.empty() ? i : std::max(i, kept.back() + 1));  // no step twice
    }
    return kept;
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Steps at T·(k/n)^power, k = 0..n.")
        .param("power", &my_plugin::power, "1: equal strides", noneq::between(1, 10));
  }
};

NONEQ_PLUGIN(my_plugin);

}

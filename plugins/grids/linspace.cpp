// count + 1 equally spaced indices from 0 to T − 1 without the first, rounded half to even. The published code of
// multistep solvers visits these; its walks end at t = 1 without calling the network there.
#include "noneq/plugin.hpp"

struct linspace : noneq::grid {
  std::int64_t usual_count(std::int64_t T) const override { return T - 1; }

  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    const std::int64_t last = t.steps() - 1;
    if (count > last)
      throw noneq::error(c10::str("got ", count, " steps, need at most T − 1 = ", last, " on this grid"));
    std::vector<std::int64_t> kept;
    for (std::int64_t k = 1; k <= count; ++k)
      kept.push_back(
          static_cast<std::int64_t>(std::nearbyint(static_cast<double>(last * k) / static_cast<double>(count))));
    return kept;
  }

  static void describe(noneq::description<linspace>& d) {
    d.doc("Equal strides of t from T down to, but not including, t = 1.");
  }
};
NONEQ_PLUGIN(linspace);

// From t = 1 on in strides of ⌊T/count⌋, so the last stretch of noise is never visited.
#include "noneq/plugin.hpp"

struct leading : noneq::grid {
  std::int64_t offset = 0;

  // As many as there is room for behind the offset.
  std::int64_t usual_count(std::int64_t T) const override { return std::max<std::int64_t>(1, T - offset); }

  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    const std::int64_t stride = t.steps() / count;
    if (offset + (count - 1) * stride >= t.steps())
      throw noneq::error(c10::str("grid.offset got ", offset, ", need at most ", t.steps() - 1 - (count - 1) * stride,
                                  " for ", count, " of ", t.steps(), " steps"));
    std::vector<std::int64_t> kept;
    for (std::int64_t k = 0; k < count; ++k) kept.push_back(offset + k * stride);
    return kept;
  }

  static void describe(noneq::description<leading>& d) {
    d.doc("Whole strides from t = 1 up; t = T is not visited (\"leading\" in Lin et al. 2024).")
        .param("offset", &leading::offset, "added to every index", noneq::at_least(0));
  }
};
NONEQ_PLUGIN(leading);

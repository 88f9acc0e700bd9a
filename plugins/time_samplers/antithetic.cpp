// One uniform number for the whole batch, spread evenly over its B samples: u + j/B mod 1 (Kingma et al. 2021, app.
// I.1). Each t is uniform by itself, but the batch covers all of time, so the mean over it varies less.
#include "noneq/plugin.hpp"
#include "unit.hpp"

struct antithetic : noneq::time_sampler {
  std::int64_t first = 1;

  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    const noneq::Tensor u = shipped::unit_rows(s, 1) + at::arange(B, at::kDouble) / static_cast<double>(B);
    return shipped::uniform_times(u - u.floor(), first, p);
  }

  static void describe(noneq::description<antithetic>& d) {
    d.doc("One random t for the batch, its samples equally spaced from there: less variance than `uniform`.")
        .param("first", &antithetic::first, "smallest t drawn; above 1 only for a loss that is 0 before it",
               noneq::at_least(1));
  }
};
NONEQ_PLUGIN(antithetic);

// Every step is as likely as every other (Ho et al. 2020, algorithm 1). Steps before `first` are left out of the draw
// where a loss is 0 there (the bound has no t = 1); the weight then keeps the mean over t = 1..T unbiased.
#include "noneq/plugin.hpp"
#include "unit.hpp"

struct uniform : noneq::time_sampler {
  std::int64_t first = 1;

  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    return shipped::uniform_times(shipped::unit_rows(s, B), first, p);
  }

  static void describe(noneq::description<uniform>& d) {
    d.doc("Each sample's t is drawn uniformly from first..T.")
        .param("first", &uniform::first, "smallest t drawn; above 1 only for a loss that is 0 before it",
               noneq::at_least(1));
  }
};
NONEQ_PLUGIN(uniform);

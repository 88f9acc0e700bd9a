// Every step is as likely as every other (Ho et al. 2020, algorithm 1). Steps before `first` are left out of the draw
// where a loss is 0 there (the bound has no t = 1); the weight then keeps the mean over t = 1..T unbiased.
#include "noneq/plugin.hpp"
#include "unit.hpp"

struct uniform : noneq::time_sampler {
  std::int64_t first = 1;

  noneq::drawn_times draw(std::int64_t B, std::int64_t T, const noneq::stream& s) const override {
    if (first > T) throw noneq::error(c10::str("got first: ", first, ", need at most the schedule's T = ", T));
    const double weight = static_cast<double>(T - first + 1) / static_cast<double>(T);
    return {stretched(draw_unit(B, s), first, T), at::full({B}, weight, at::kFloat)};
  }

  noneq::Tensor draw_unit(std::int64_t B, const noneq::stream& s) const override { return unit_rows(s, B); }

  static void describe(noneq::description<uniform>& d) {
    d.doc("Each sample's t is drawn uniformly from first..T.")
        .param("first", &uniform::first, "smallest t drawn; above 1 only for a loss that is 0 before it",
               noneq::at_least(1));
  }
};
NONEQ_PLUGIN(uniform);

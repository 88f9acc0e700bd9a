// Equal strides with both ends of the schedule (Nichol & Dhariwal 2021, §4, and its published code).
#include "noneq/diffusion/respace.hpp"

#include "noneq/plugin.hpp"

struct respaced : noneq::grid {
  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    if (count == 1)
      throw noneq::error(
          "got 1 step, need at least 2, the first and the last of the schedule, or grid: trailing, which visits the "
          "last alone");
    return noneq::respace(t.steps(), {count});
  }

  static void describe(noneq::description<respaced>& d) {
    d.doc("Equal strides of t with both ends: t = 1 and t = T are visited.");
  }
};
NONEQ_PLUGIN(respaced);

// A plugin whose table has a key twice, a default out of its range, a key of the pipeline, and keys that were renamed
// to nothing.
#include "noneq/plugin.hpp"

struct wrong_table : noneq::schedule {
  double power = 20, other = 1;
  noneq::Tensor beta() const override { return at::full({steps}, 0.1, at::kDouble); }
  static void describe(noneq::description<wrong_table>& d) {
    d.doc("Wrong.")
        .param("power", &wrong_table::power, "a power", noneq::between(1, 8))
        .param("steps", &wrong_table::other, "which the role has")
        .param("plugin", &wrong_table::other, "which the pipeline has")
        .renamed("strength", "force")
        .renamed("power", "power");
  }
};
NONEQ_PLUGIN(wrong_table);

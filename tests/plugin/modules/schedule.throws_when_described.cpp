// A plugin whose table cannot be made.
#include <stdexcept>

#include "noneq/plugin.hpp"

struct throws_when_described : noneq::schedule {
  noneq::Tensor beta() const override { return at::full({steps}, 0.1, at::kDouble); }
  static void describe(noneq::description<throws_when_described>&) { throw std::runtime_error("the table is gone"); }
};
NONEQ_PLUGIN(throws_when_described);

// Networks away from their first weights.
#pragma once

#include "noneq/plugin/roles/model.hpp"

namespace testing {

// Adds noise to all weights: among the first ones zeros hide whole branches.
inline void shake(noneq::network& n, double by) {
  at::NoGradGuard guard;
  for (noneq::Tensor& p : n.parameters()) p.add_(by * at::randn_like(p));
}

}

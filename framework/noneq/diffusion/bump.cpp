#include "noneq/diffusion/bump.hpp"

#include "noneq/core/error.hpp"

namespace noneq {

Tensor bump_basis(std::int64_t steps, std::int64_t bumps) {
  if (steps < 1 || bumps < 1)
    throw error(c10::str("got ", steps, " steps and ", bumps, " bumps, need at least 1 of each"));
  if (bumps == 1) return at::ones({steps, 1}, at::kDouble);
  const Tensor time = at::linspace(-1, 1, steps, at::kDouble).unsqueeze(1);
  const Tensor centre = at::linspace(-1, 1, bumps, at::kDouble).unsqueeze(0);
  const double width = 1. / static_cast<double>(bumps - 1);
  return at::softmax(-(time - centre).square() / (2 * width * width), 1);
}

}

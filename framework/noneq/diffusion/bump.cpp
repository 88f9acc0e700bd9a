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

Tensor learned_beta(const Tensor& c, std::int64_t steps) {
  if (steps < 2) throw error(c10::str("got ", steps, " steps, need at least 2 for a learned β"));
  const Tensor base = at::linspace(static_cast<double>(steps), 2, steps, at::kDouble).reciprocal();
  Tensor least = at::full({steps}, 1e-6, at::kDouble);
  least[0] += 1e-3;
  const Tensor shift = at::mv(bump_basis(steps, c.size(0)), c.to(at::kDouble));
  return least + at::sigmoid(at::logit(base) + shift) * (1 - least - 1e-5);
}

}

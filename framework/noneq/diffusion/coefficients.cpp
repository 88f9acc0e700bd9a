#include "noneq/diffusion/coefficients.hpp"

namespace noneq {

coefficients coefficients_at(const tables& t, const Tensor& index, const Tensor& x) {
  const std::int64_t names = t.stack.size(0), B = index.size(0);
  sizes shape(static_cast<std::size_t>(x.dim()) + 1, 1);
  shape[0] = names, shape[1] = B;
  const Tensor stack =
      index.is_floating_point() ? stacked(values_between(t, index)) : t.stack.gather(1, index.expand({names, B}));
  return {unstacked(stack.to(x.scalar_type()).view(shape)), index};
}

}

#include "noneq/core/tensor.hpp"

#include <fmt/ranges.h>

namespace noneq {

std::string to_string(const sizes& s) { return fmt::format("[{}]", fmt::join(s, ", ")); }

Tensor broadcast_like(const Tensor& per_sample, const Tensor& x) {
  sizes shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = per_sample.size(0);
  return per_sample.view(shape);
}

Tensor sum_per_sample(const Tensor& x) { return x.dim() > 1 ? x.flatten(1).sum(1) : x; }

}

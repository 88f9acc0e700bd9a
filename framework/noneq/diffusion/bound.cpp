#include "noneq/diffusion/bound.hpp"

#include <cmath>

#include "noneq/core/error.hpp"

namespace noneq {
Tensor trajectory_bound(const Tensor& kl_sum, const Tensor& entropy_last, const Tensor& entropy_first,
                        const Tensor& cross_entropy_last, const Tensor& edge) {
  return entropy_last - entropy_first - cross_entropy_last - kl_sum + edge;
}

estimate estimate_mean(const Tensor& samples) {
  if (samples.dim() != 1 || samples.size(0) < 1)
    throw error("got samples of shape " + to_string(samples.sizes().vec()) + ", need [N] with N >= 1");
  const Tensor s = samples.detach().to(at::kDouble);
  const auto n = static_cast<double>(s.size(0));
  const double mean = s.mean().item<double>();
  return {mean, std::sqrt((s - mean).square().sum().item<double>() / (n - 1) / n)};
}

}

#include "noneq/diffusion/bound.hpp"

#include <cmath>
#include <limits>

#include "noneq/core/error.hpp"

namespace noneq {
namespace {

const double half_log_two_pi_e = 0.5 * std::log(2 * std::numbers::pi * std::numbers::e);

}

double l_null_gaussian(std::int64_t d) { return -static_cast<double>(d) * half_log_two_pi_e; }

double l_null_binomial(std::int64_t d, double r) {
  if (!(r > 0 && r < 1)) throw error(c10::str("got r = ", r, ", need a value in (0, 1)"));
  return static_cast<double>(d) * (r * std::log(r) + (1 - r) * std::log1p(-r));
}

Tensor trajectory_bound(const Tensor& kl_sum, const Tensor& entropy_last, const Tensor& entropy_first,
                        const Tensor& cross_entropy_last, const Tensor& edge) {
  return entropy_last - entropy_first - cross_entropy_last - kl_sum + edge;
}

Tensor reverse_entropy_lower(const tables& t) {
  // The −inf is written in, not computed: the slope of ln at 0 would turn β's gradient into NaN.
  const Tensor known = 0.5 * t.beta_tilde.narrow(0, 1, t.steps() - 1).log() + half_log_two_pi_e;
  return at::cat({at::full({1}, -std::numeric_limits<double>::infinity(), known.options()), known});
}

Tensor reverse_entropy_upper(const tables& t) { return 0.5 * t.beta.log() + half_log_two_pi_e; }

estimate estimate_mean(const Tensor& samples) {
  if (samples.dim() != 1 || samples.size(0) < 1)
    throw error("got samples of shape " + to_string(samples.sizes().vec()) + ", need [N] with N >= 1");
  const Tensor s = samples.detach().to(at::kDouble);
  const auto n = static_cast<double>(s.size(0));
  const double mean = s.mean().item<double>();
  return {mean, std::sqrt((s - mean).square().sum().item<double>() / (n - 1) / n)};
}

}

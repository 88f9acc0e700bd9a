#include "noneq/diffusion/decoder.hpp"

#include <cmath>
#include <numbers>

namespace noneq {
namespace {

// P(X > a).
Tensor upper_exact(const Tensor& a) { return 0.5 * at::erfc(a * (1 / std::numbers::sqrt2)); }

Tensor upper_tanh(const Tensor& a) {
  // Beyond ±100 tanh is long saturated, and a³ would overflow float32.
  const Tensor x = a.clamp(-100, 100);
  return 0.5 * (1 - at::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x.pow(3))));
}

}

Tensor decoder_log_prob(const Tensor& x, const distribution& d, double half_bin, decoder phi) {
  const auto upper = phi == decoder::exact ? upper_exact : upper_tanh;
  const Tensor inverse = (-0.5 * d.log_variance).exp();
  const Tensor from_mean = x - d.location;
  // By symmetry every bin is measured in the upper tail, where the difference of two small numbers keeps its digits.
  const Tensor distance = from_mean.abs();
  const Tensor inside = upper((distance - half_bin) * inverse) - upper((distance + half_bin) * inverse);
  const Tensor lowest = upper(-(from_mean + half_bin) * inverse);
  const Tensor highest = upper((from_mean - half_bin) * inverse);
  const double edge = 1 - 0.255 * half_bin;  // the published ±0.999 at 8 bits
  return at::where(x < -edge, lowest, at::where(x > edge, highest, inside)).clamp_min(1e-12).log();
}

}

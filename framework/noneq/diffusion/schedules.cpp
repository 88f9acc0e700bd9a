#include "noneq/diffusion/schedules.hpp"

#include <cmath>
#include <numbers>

#include "noneq/core/error.hpp"
#include "noneq/diffusion/tables.hpp"

namespace noneq {
inline namespace schedules {
namespace {

Tensor equal_steps(double first, double last, std::int64_t steps) {
  if (steps < 1) throw error(c10::str("got ", steps, " steps, need at least 1"));
  return at::linspace(first, last, steps, at::kDouble);
}

}

Tensor linear(std::int64_t steps, double first, double last) { return equal_steps(first, last, steps); }

Tensor quadratic(std::int64_t steps, double first, double last) {
  return equal_steps(std::sqrt(first), std::sqrt(last), steps).square();
}

Tensor constant(std::int64_t steps, double beta) { return equal_steps(beta, beta, steps); }

Tensor sigmoid(std::int64_t steps, double first, double last) {
  return first + (last - first) * at::sigmoid(equal_steps(-6, 6, steps));
}

Tensor cosine(std::int64_t steps, double s, double clip) {
  const auto T = static_cast<double>(steps);
  const double angle = std::numbers::pi / 2 / (1 + s);
  const Tensor before = (equal_steps(0, T - 1, steps) / T + s) * angle;
  const double step = angle / T;
  // cos²a − cos²b = sin(a+b) sin(b−a): no cancellation in the first steps.
  const Tensor beta = at::sin(2 * before + step) * std::sin(step) / before.cos().square();
  return beta.clamp_max(clip);
}

Tensor cosine_log_snr(const Tensor& u, double s) {
  const double first = s / (1 + s) * std::numbers::pi / 2, last = std::atan(std::exp(10.0));
  return -2 * at::tan(first + u * (last - first)).log();
}

Tensor linear_log_snr(const Tensor& u, double first, double last) {
  const double steps = 1000;
  return noneq::log_snr(std::log1p(-first) - steps * u * (first + 0.5 * u * (last - first)));
}

Tensor reciprocal(std::int64_t steps) { return equal_steps(static_cast<double>(steps), 1, steps).reciprocal(); }

Tensor log_snr(std::int64_t steps, double first_beta, double last_alpha_bar) {
  if (!(first_beta > 0 && first_beta < 1)) throw error(c10::str("got β_1 = ", first_beta, ", need a value in (0, 1)"));
  Tensor beta = equal_steps(first_beta, first_beta, steps);
  if (steps == 1) return beta;
  if (!(last_alpha_bar > 0 && last_alpha_bar < 1 - first_beta))
    throw error(c10::str("got ᾱ_T = ", last_alpha_bar, ", need a value in (0, ", 1 - first_beta, ")"));
  const double first = std::log1p(-first_beta) - std::log(first_beta);
  const double last = std::log(last_alpha_bar) - std::log1p(-last_alpha_bar);
  const double fall = (first - last) / static_cast<double>(steps - 1);
  // 1 − σ(λ_t)/σ(λ_{t−1}) = σ(−λ_t)(1 − e^{λ_t−λ_{t−1}}), free of cancellation at both ends.
  const Tensor later = at::sigmoid(-equal_steps(first, last, steps)) * -std::expm1(-fall);
  return at::cat({beta.narrow(0, 0, 1), later.narrow(0, 1, steps - 1)});
}

}
}

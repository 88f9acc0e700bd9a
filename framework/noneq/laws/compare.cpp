#include "noneq/laws/detail/compare.hpp"

#include <cmath>

#include <fmt/format.h>

#include "noneq/core/dtype.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/random.hpp"

namespace noneq::laws {
namespace {

// "[2, 0]", the position of the first number at which `wrong` is true.
sizes first_of(const Tensor& wrong) {
  const Tensor position = wrong.nonzero()[0].contiguous();
  return {position.data_ptr<std::int64_t>(), position.data_ptr<std::int64_t>() + position.numel()};
}

double number(Tensor x, const sizes& position) {
  for (const std::int64_t i : position) x = x[i];
  return x.to(at::kDouble).item<double>();
}

std::string text_of_shape(const Tensor& x) {
  return x.defined() ? fmt::format("{} {}", dtype_text(x.scalar_type()), to_string(x.sizes().vec())) : "no tensor";
}

void refuse_numbers(const std::string& what, const Tensor& wrong, const Tensor& got, const Tensor& wanted) {
  const sizes at = first_of(wrong);
  throw error(
      fmt::format("{}{}: got {}, need {}", what, at.empty() ? "" : to_string(at), number(got, at), number(wanted, at)));
}

}

void need(bool condition, const std::string& what, const std::string& got, const std::string& wanted) {
  if (!condition) throw error(fmt::format("{}: got {}, need {}", what, got, wanted));
}

void need_equal(const std::string& what, const Tensor& got, const Tensor& wanted) {
  const bool alike = got.defined() == wanted.defined() &&
                     (!got.defined() || (got.sizes() == wanted.sizes() && got.scalar_type() == wanted.scalar_type()));
  need(alike, what, text_of_shape(got), text_of_shape(wanted));
  if (!got.defined() || got.numel() == 0) return;
  const Tensor a = got.detach(), b = wanted.detach();
  Tensor wrong = a != b;
  if (a.is_floating_point()) wrong = wrong.logical_and((a.isnan().logical_and(b.isnan())).logical_not());
  if (wrong.any().item<bool>()) refuse_numbers(what, wrong, a, b);
}

void need_close(const std::string& what, const Tensor& got, const Tensor& wanted, double relative, double absolute) {
  need(got.defined() && wanted.defined() && got.sizes() == wanted.sizes(), what, text_of_shape(got),
       text_of_shape(wanted));
  const Tensor a = got.detach().to(at::kDouble), b = wanted.detach().to(at::kDouble);
  const Tensor near = ((a - b).abs() <= absolute + relative * at::maximum(a.abs(), b.abs())).logical_or(a == b);
  const Tensor wrong = near.logical_or(a.isnan().logical_and(b.isnan())).logical_not();
  if (wrong.any().item<bool>()) refuse_numbers(what, wrong, a, b);
}

void need_within(const std::string& what, const Tensor& got, double low, double high) {
  const Tensor x = got.detach().to(at::kDouble);
  const Tensor wrong = (x >= low).logical_and(x <= high).logical_and(x.isfinite()).logical_not();
  if (!wrong.any().item<bool>()) return;
  const sizes at = first_of(wrong);
  throw error(fmt::format("{}{}: got {}, need {}", what, at.empty() ? "" : to_string(at), number(x, at),
                          std::isinf(low) && std::isinf(high) ? "a finite number"
                          : std::isinf(high)                  ? fmt::format("a finite number, at least {}", low)
                                                              : fmt::format("a number in [{}, {}]", low, high)));
}

void need_mean(const std::string& what, const Tensor& independent, double wanted, double errors, double rounding) {
  const Tensor x = independent.detach().to(at::kDouble).flatten();
  const double mean = x.mean().item<double>();
  const double error_of_mean = x.std().item<double>() / std::sqrt(static_cast<double>(x.numel()));
  need(std::abs(mean - wanted) <= errors * error_of_mean + rounding, what,
       fmt::format("{} ± {} (standard error)", mean, error_of_mean), fmt::format("{}", wanted));
}

void need_derivative(const std::string& what, const std::function<Tensor(const Tensor&)>& f, const Tensor& x,
                     double relative) {
  const stream s(11);
  const Tensor direction = s.fork("direction").normal(x.sizes().vec()).to(at::kDouble);
  Tensor weight;
  const auto total = [&](const Tensor& at) {
    const Tensor y = f(at);
    if (!weight.defined()) weight = s.fork("weight").uniform(y.sizes().vec()).to(at::kDouble) + 0.5;
    return (y.to(at::kDouble) * weight).sum();
  };
  const Tensor leaf = x.detach().clone().requires_grad_(true);
  const Tensor y = total(leaf);
  need(y.requires_grad(), what, "a result without a gradient (detached?)", "one that is differentiable");
  y.backward();
  const double got = leaf.grad().defined() ? (leaf.grad() * direction).sum().item<double>() : 0;
  at::NoGradGuard values_only;
  constexpr double h = 1e-5;
  const double wanted = (total(x + h * direction) - total(x - h * direction)).item<double>() / (2 * h);
  const double size = std::max({std::abs(got), std::abs(wanted), 1e-3 * std::abs(y.item<double>())});
  // Central differences of float64 have about 1e-10/h of error beside the relative one.
  need(std::abs(got - wanted) <= relative * size + 1e-8, what, fmt::format("a gradient of {} along a direction", got),
       fmt::format("{}, the quotient of differences", wanted));
}

}

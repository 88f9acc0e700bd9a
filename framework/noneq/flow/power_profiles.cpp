#include "noneq/flow/power_profiles.hpp"

#include <cmath>

#include "noneq/core/tensor.hpp"

namespace noneq::flow {

double width_of_exponent(double exponent) { return std::sqrt(exponent + 1) / (exponent + 2) / std::sqrt(exponent + 3); }

// The width falls with the exponent, about as its inverse.
double exponent_of_width(double width) {
  double low = 0, high = 2 / width;
  for (int k = 0; k < 200; ++k) {
    const double middle = (low + high) / 2;
    (width_of_exponent(middle) > width ? low : high) = middle;
  }
  return (low + high) / 2;
}

double kept_share(double step, double exponent) { return std::pow(1 - 1 / step, exponent + 1); }

double product(const power_profile& p, const power_profile& q) {
  const double ratio = p.step / q.step, power = p.step < q.step ? q.exponent : -p.exponent;
  return (p.exponent + 1) * (q.exponent + 1) * std::pow(ratio, power) /
         ((p.exponent + q.exponent + 1) * std::max(p.step, q.step));
}

// The profiles are nearly dependent. Directions in which they hardly differ are left out, because their factors would
// be large numbers of both signs, which magnify the rounding of the averages.
profile_fit fit_profile(const std::vector<power_profile>& given, const power_profile& wanted) {
  constexpr double least = 1e-12;  // of the largest eigenvalue
  const auto n = static_cast<std::int64_t>(given.size());
  Tensor products = at::empty({n, n}, at::kDouble), with_wanted = at::empty({n}, at::kDouble);
  for (std::int64_t i = 0; i < n; ++i) {
    const power_profile& p = given[static_cast<std::size_t>(i)];
    with_wanted[i] = product(p, wanted);
    for (std::int64_t j = 0; j < n; ++j) products[i][j] = product(p, given[static_cast<std::size_t>(j)]);
  }
  const Tensor norm = products.diag().sqrt(), unit = products / norm.outer(norm), aim = with_wanted / norm;
  const auto [values, vectors] = at::linalg_eigh(unit);
  const Tensor inverse = at::where(values > least * values.max(), 1 / values, at::zeros({}, at::kDouble));
  const Tensor factors = vectors.matmul(inverse * vectors.t().matmul(aim));
  const double whole = product(wanted, wanted),
               rest = whole - 2 * factors.dot(aim).item<double>() + factors.dot(unit.matmul(factors)).item<double>();
  const Tensor of_given = (factors / norm).contiguous();
  return {{of_given.data_ptr<double>(), of_given.data_ptr<double>() + n}, std::sqrt(std::max(0., rest / whole))};
}

}

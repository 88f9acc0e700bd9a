// Comparisons of results with those that a law needs. Each throws noneq::error "<what>: got X, need Y" with the first
// number that differs. Pure, thread-safe.
#pragma once

#include <functional>
#include <string>

#include "noneq/core/tensor.hpp"

namespace noneq::laws {

// Throws unless the condition holds: "<what>: got <got>, need <need>".
void need(bool condition, const std::string& what, const std::string& got, const std::string& need);

// Throws unless both have one shape, one type and equal bits; two NaN are equal. Both may be undefined.
void need_equal(const std::string& what, const Tensor& got, const Tensor& wanted);

// Throws unless both have one shape and every two numbers differ by at most `absolute` + `relative` times the larger.
void need_close(const std::string& what, const Tensor& got, const Tensor& wanted, double relative, double absolute = 0);

// Throws unless all numbers are finite and lie in [low, high].
void need_within(const std::string& what, const Tensor& got, double low, double high);

// Throws unless the mean of independent numbers [n] differs from `wanted` by at most `errors` standard errors of the
// mean, or by `rounding`.
void need_mean(const std::string& what, const Tensor& independent, double wanted, double errors = 5,
               double rounding = 1e-9);

// Throws unless the gradient that autograd finds for the sum of f(x), times a fixed weight a number, is the derivative:
// along a fixed direction it is compared with that of central differences. x is float64.
void need_derivative(const std::string& what, const std::function<Tensor(const Tensor&)>& f, const Tensor& x,
                     double relative = 1e-5);

}

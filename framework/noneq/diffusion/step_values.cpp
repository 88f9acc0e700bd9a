#include "noneq/diffusion/step_values.hpp"

#include <array>

namespace noneq {
namespace {

// The one place that knows an order of the names.
constexpr std::array order{&step_values::beta,
                           &step_values::alpha,
                           &step_values::alpha_bar,
                           &step_values::one_minus_alpha_bar,
                           &step_values::sqrt_alpha_bar,
                           &step_values::sqrt_one_minus_alpha_bar,
                           &step_values::alpha_bar_prev,
                           &step_values::one_minus_alpha_bar_prev,
                           &step_values::beta_tilde,
                           &step_values::log_beta_tilde,
                           &step_values::log_beta,
                           &step_values::c1,
                           &step_values::c2,
                           &step_values::snr};
static_assert(order.size() * sizeof(Tensor) == sizeof(step_values), "every name is in the order, once");

}

Tensor stacked(const step_values& v) {
  std::vector<Tensor> all;
  for (const auto name : order) all.push_back(v.*name);
  return at::stack(all);
}

step_values unstacked(const Tensor& stack) {
  const auto all = stack.unbind(0);
  step_values v;
  for (std::size_t k = 0; k < order.size(); ++k) v.*order[k] = all[k];
  return v;
}

}

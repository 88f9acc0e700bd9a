// Laws of a kernel's noise and of the states that are drawn with it, and the states at which all laws of kernels are
// tried. Pure.
#pragma once

#include "noneq/laws/detail/law.hpp"
#include "noneq/laws/detail/settings.hpp"

namespace noneq::laws {

law_list of_kernel_draws();

// The kernel with a schedule of 12 steps.
std::vector<setting> kernel_settings(const subject& s);

// Float64 states x⁰ → x^{t−1} → x^t that were drawn step by step, a few rows at each t = 2..T.
struct chain {
  Tensor x0, previous, xt;
  coefficients c_previous, c;
};
chain walked(const process& p, std::int64_t rows_a_time);

}

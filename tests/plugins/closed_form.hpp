// Networks that are formulas instead of weights.
#pragma once

#include "make.hpp"
#include "noneq/laws/detail/formula.hpp"

namespace testing {

using noneq::Tensor;
using noneq::laws::formula;
using noneq::laws::make_denoiser;

inline noneq::process of_schedule(const std::string& schedule, const std::string& mean = "epsilon") {
  return make_process("gaussian", schedule, mean, "fixed_small");
}

inline noneq::sampling_request request(std::int64_t count, noneq::sizes shape, std::int64_t first = 0) {
  return {first, count, std::move(shape), noneq::stream(5), {}, {}};
}

// What predicts ε exactly for data N(mean, variance), independent dimensions.
inline noneq::denoiser gaussian_denoiser(noneq::process p, const Tensor& mean, const Tensor& variance) {
  const noneq::tables t = p.tables;
  return make_denoiser(std::move(p), [t, mean, variance](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(t, in.t, in.x);
    return c.sqrt_one_minus_alpha_bar * (in.x - c.sqrt_alpha_bar * mean) /
           (c.alpha_bar * variance + c.one_minus_alpha_bar);
  });
}

}

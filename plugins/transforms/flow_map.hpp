// The map of the probability flow ODE between data and noise, from t = 1 to T or back. A row whose ODE does not end is
// not a number. Const and thread-safe.
#pragma once

#include "../dormand_prince.hpp"
#include "../flow_slope.hpp"

namespace shipped {

class flow_map {
 public:
  // The denoiser outlives it. Throws noneq::error for a schedule of one step.
  flow_map(const noneq::denoiser& d, const tolerances& wanted) : flow_(d), wanted_(wanted) {}

  struct arrived {
    noneq::Tensor x;  // float64 [n, …]
    noneq::Tensor t;  // float64 [n]: where the row is
  };
  // x⁰ as x^T. The ODE begins at x^1 = α_1 x⁰, without noise.
  arrived to_noise(const noneq::Tensor& x0, const noneq::conditions& given) const {
    return moved(std::cos(flow_.begin()) * x0.to(at::kDouble), flow_.begin(), flow_.end(), given);
  }
  // The inverse of to_noise().
  arrived to_data(const noneq::Tensor& xT, const noneq::conditions& given) const {
    arrived there = moved(xT.to(at::kDouble), flow_.end(), flow_.begin(), given);
    there.x = there.x / std::cos(flow_.begin());
    return there;
  }

 private:
  arrived moved(const noneq::Tensor& x, double begin, double end, const noneq::conditions& given) const {
    const noneq::sizes shape = x.sizes().vec();
    const auto slope = [&](const noneq::Tensor& phi, const noneq::Tensor& y, const noneq::Tensor& of) {
      const at::NoGradGuard values_only;
      noneq::sizes here = shape;
      here[0] = of.size(0);
      return flow_.slope(y.reshape(here), phi, given.index_select(of)).flatten(1);
    };
    const integrated all = integrate_rows(slope, begin, end, x.flatten(1), x[0].numel(), wanted_);
    const noneq::Tensor y = at::where(all.arrived.unsqueeze(1), all.y, at::full_like(all.y, NAN));
    return {y.reshape(shape), flow_.time(all.s)};
  }

  const flow_slope flow_;
  const tolerances wanted_;
};

}

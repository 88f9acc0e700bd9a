// The probability flow ODE as a function of a continuous time, with the divergence of its slope. In the angle φ of x^t
// = cos φ x⁰ + sin φ ε it is dx/dφ = (cos φ x − x̂⁰)/sin φ, from φ_1 at t = 1 to φ_T (Song et al. 2021, eq. 13; Salimans
// & Ho 2022, app. D). The network accepts whole steps only: between two of them x̂⁰ is the mean of its values at both,
// linear in φ, which errs by the square of the gap between their angles. Const and thread-safe.
#pragma once

#include <torch/csrc/autograd/autograd.h>

#include "noneq/plugin.hpp"

namespace shipped {

class flow_slope {
 public:
  // The denoiser must outlive it. Throws noneq::error for a schedule of one step.
  explicit flow_slope(const noneq::denoiser& d)
      : denoiser_(d),
        angle_(at::atan2(d.process().tables.one_minus_alpha_bar.sqrt(), (0.5 * d.process().tables.log_alpha_bar).exp())
                   .detach()
                   .contiguous()) {
    if (d.process().steps() < 2) throw noneq::error("got a schedule of 1 step, need at least 2 to integrate between");
  }

  double begin() const { return angle_[0].item<double>(); }
  double end() const { return angle_[-1].item<double>(); }

  // Angles [n] as times between 1 and T.
  noneq::Tensor time(const noneq::Tensor& phi) const {
    const between b = around(phi);
    return 1 + b.index + b.share;
  }

  // dx/dφ [n, …] at x [n, …] float64, phi [n].
  noneq::Tensor slope(const noneq::Tensor& x, const noneq::Tensor& phi, const noneq::conditions& given) const {
    const noneq::Tensor x0 = x0_between(x, phi, given);
    return (noneq::broadcast_like(phi.cos(), x) * x - x0) / noneq::broadcast_like(phi.sin(), x);
  }

  struct told {
    noneq::Tensor slope;       // [n, …]
    noneq::Tensor divergence;  // [n, m]
  };
  // The slope with its divergence. Probes [n, m, D] give m estimates zᵀ(∂slope/∂x)z of the divergence (Hutchinson
  // 1990); without them the one column is exact, and costs as many backward passes as a sample has numbers.
  told operator()(const noneq::Tensor& x, const noneq::Tensor& phi, const noneq::conditions& given,
                  const noneq::Tensor& probes) const {
    const at::AutoGradMode with_gradients(true);
    const std::int64_t n = x.size(0);
    const noneq::Tensor at_x = x.detach().requires_grad_();
    const noneq::Tensor slope = this->slope(at_x, phi, given);
    const auto pulled_back = [&](const noneq::Tensor& z) {
      noneq::stop_here_if_asked();
      return torch::autograd::grad({slope}, {at_x}, {z.view_as(slope)}, true)[0].reshape({n, -1});
    };
    std::vector<noneq::Tensor> columns;
    if (probes.defined()) {
      for (const noneq::Tensor& z : probes.unbind(1)) columns.push_back((pulled_back(z.contiguous()) * z).sum(1));
    } else {
      noneq::Tensor sum = at::zeros({n}, at::kDouble);
      for (std::int64_t j = 0; j < x[0].numel(); ++j) {
        noneq::Tensor unit = at::zeros({n, x[0].numel()}, at::kDouble);
        unit.select(1, j).fill_(1);
        sum = sum + pulled_back(unit).select(1, j);
      }
      columns.push_back(sum);
    }
    return {slope.detach(), at::stack(columns, 1)};
  }

 private:
  // The step index below each angle, and how far it is on the way to the next one.
  struct between {
    noneq::Tensor index, share;
  };
  between around(const noneq::Tensor& phi) const {
    const noneq::Tensor i = (at::searchsorted(angle_, phi, false, true) - 1).clamp(0, angle_.size(0) - 2);
    const noneq::Tensor below = angle_.index_select(0, i), gap = angle_.index_select(0, i + 1) - below;
    return {i, (phi - below) / gap.clamp_min(1e-300)};  // near noise two angles may round to one number
  }

  // x̂⁰ between the two steps around phi.
  noneq::Tensor x0_between(const noneq::Tensor& x, const noneq::Tensor& phi, const noneq::conditions& given) const {
    const between b = around(phi);
    const noneq::Tensor x0 = denoiser_.predict(at::cat({x, x}), at::cat({b.index, b.index + 1}), given.repeated(2)).x0;
    const noneq::Tensor lower = x0.slice(0, 0, x.size(0)), upper = x0.slice(0, x.size(0));
    return lower + noneq::broadcast_like(b.share, x) * (upper - lower);
  }

  const noneq::denoiser& denoiser_;
  const noneq::Tensor angle_;  // [T] float64, ascending
};

}

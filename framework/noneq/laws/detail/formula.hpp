// Networks that are formulas instead of weights, in place of a trained one.
#pragma once

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::laws {

struct formula : network {
  std::function<Tensor(const network_input&)> value;
  explicit formula(std::function<Tensor(const network_input&)> f) : value(std::move(f)) {}
  Tensor forward(const network_input& in) override { return value(in); }
};

inline denoiser make_denoiser(process p, std::function<Tensor(const network_input&)> f) {
  return {std::move(p), std::make_shared<formula>(std::move(f))};
}

// Returns the denoiser of a process with a network that knows the data where that is possible: for the prediction ε it
// is exact for data N(0, I), ε̂ = √(1−ᾱ) x^t. Other predictions get half of x^t, and a variance 0.
inline denoiser plain_denoiser(process p) {
  const bool epsilon = p.kernel->has_variance();
  const std::int64_t of_mean = p.mean->outputs(), all = p.outputs();
  return make_denoiser(std::move(p), [=](const network_input& in) {
    const Tensor noise = broadcast_like((-in.log_snr).sigmoid().sqrt(), in.x).to(in.x.scalar_type());
    const Tensor z = epsilon ? noise * in.x : 0.5 * in.x;
    sizes times(static_cast<std::size_t>(z.dim()), 1);
    times[1] = of_mean;
    const Tensor mean = z.repeat(times);
    times[1] = all - of_mean;
    return all > of_mean ? at::cat({mean, at::zeros_like(z).repeat(times)}, 1) : mean;
  });
}

}

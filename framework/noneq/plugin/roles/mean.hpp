// What the network predicts, and how that becomes the location of p(x^{t−1}|x^t). Below, z is the network's output.
#pragma once

#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/roles/kernel.hpp"

namespace noneq {

// Where a prediction is turned into something else: x^t [B, …] at its steps, under a kernel, and the ln Σ of the
// reverse step there (undefined for kernels that have none).
struct reverse_point {
  const Tensor& xt;
  const coefficients& c;
  const noneq::kernel& kernel;
  Tensor log_variance = {};
};

struct mean : role<"mean"> {
  // Network outputs per dimension of x.
  virtual std::int64_t outputs() const { return 1; }
  // z → location of the reverse distribution.
  virtual Tensor location(const Tensor& z, const reverse_point& at) const = 0;
  // z → x̂⁰.
  virtual Tensor x0(const Tensor& z, const reverse_point& at) const = 0;
  // What z, said of the step x^t → x^{t−1} of `from`, says of the longer step from the same x^t of `to`: for sampling
  // with fewer steps than trained. Predictions that speak of x⁰ or ε alone say the same.
  virtual Tensor of_step(const Tensor& z, const reverse_point&, const reverse_point&) const { return z; }
  // The z that a perfect network would give for this x⁰ and noise.
  virtual Tensor target(const Tensor& x0, const Tensor& noise, const reverse_point& at) const = 0;
  // ‖ε−ε̂‖² per ‖z−z*‖², broadcastable to z: what makes a weighting mean the same under every prediction.
  virtual Tensor epsilon_error(const reverse_point& at) const = 0;
  // Throws noneq::error when the prediction has no meaning under these tables.
  virtual void check_tables(const tables&) const {}
};

// A prediction that is a function of x̂⁰, for spaces where the reverse mean is c₁x̂⁰ + c₂x^t (Gaussian).
struct gaussian_mean : mean {
  Tensor location(const Tensor& z, const reverse_point& at) const override {
    return at.c.c1 * x0(z, at) + at.c.c2 * at.xt;
  }
};

// For predictions that divide by √ᾱ: refused where ᾱ_T = 0.
void need_positive_alpha_bar(const tables& t, const char* prediction);

}

// A mean states the quantity that the network predicts. It converts the network's output z into x̂⁰ and into the
// location of p(x^{t−1}|x^t).
//
// Shapes and units: x^t, x⁰, noise and z are [B, …] of one floating dtype; coefficients broadcast to them.
// Threads: every function is const and pure and may be called concurrently.
// Requires: results are differentiable in all tensors.
// Errors: check_tables() throws noneq::error when a pipeline is checked.
// Source: Ho et al. 2020, §3.2. All four coefficients of Karras et al. 2022, eq. 7,
//   D = c_skip x_σ + c_out F(c_in x_σ; c_noise), have a place: input() returns c_in x_σ, x0() returns D, target()
//   returns the value that F must have, and the network computes c_noise from ln SNR (network_input).
#pragma once

#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/roles/kernel.hpp"

namespace noneq {

// The reverse step x^t → x^{t−1} at which a prediction is converted: x^t, the coefficients of its t, the kernel, and
// the ln Σ of the reverse step (undefined for kernels that have none).
struct reverse_point {
  const Tensor& xt;
  const coefficients& c;
  const noneq::kernel& kernel;
  Tensor log_variance = {};
};

struct mean : role<"mean"> {
  // Returns the number of network outputs per dimension of x.
  virtual std::int64_t outputs() const { return 1; }
  // Returns the network's input for x^t, of the shape and dtype of x^t. It may depend on ᾱ and on what follows from ᾱ
  // alone, because β, c₁ and c₂ are other numbers when fewer steps are sampled than were trained.
  virtual Tensor input(const Tensor& xt, const coefficients&) const { return xt; }
  // Converts z into the location of the reverse distribution.
  virtual Tensor location(const Tensor& z, const reverse_point& at) const = 0;
  // Converts z into x̂⁰.
  virtual Tensor x0(const Tensor& z, const reverse_point& at) const = 0;
  // Converts z, a prediction for the step `from`, into one for the longer step `to` from the same x^t, for sampling
  // with fewer steps than were trained. Predictions of x⁰, ε or both need no conversion.
  virtual Tensor of_step(const Tensor& z, const reverse_point&, const reverse_point&) const { return z; }
  // Returns the z that training aims at: with it, location() is that of q(x^{t−1}|x^t,x⁰) and x0() is x⁰.
  virtual Tensor target(const Tensor& x0, const Tensor& noise, const reverse_point& at) const = 0;
  // Returns ‖ε−ε̂‖² per ‖z−z*‖², broadcastable to z, so that a weighting has one meaning under all predictions.
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

// Throws noneq::error where √ᾱ_T is 0 in float32, for predictions that divide by it.
void need_positive_alpha_bar(const tables& t, const char* prediction);

}

// What the network predicts, and how its output z becomes the location of p(x^{t−1}|x^t) and x̂⁰. Pure functions of
// tensors, differentiable in all of them, and called by several threads at once. x^t, x⁰, noise and z are [B, …] of one
// floating dtype; coefficients broadcast to them.
//
// With input(), a prediction has the place of all four coefficients of Karras et al. 2022 (eq. 7),
// D = c_skip x_σ + c_out F(c_in x_σ; c_noise): input() returns c_in x_σ, x0() returns D, target() what F must be, and
// the network computes c_noise from ln SNR (network_input).
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
  // Network outputs per dimension of x.
  virtual std::int64_t outputs() const { return 1; }
  // What the network is given for x^t, shaped like it. It may depend on the noise level alone, ᾱ and what follows from
  // it: β, c₁ and c₂ are other numbers when fewer steps are sampled than were trained.
  virtual Tensor input(const Tensor& xt, const coefficients&) const { return xt; }
  // z → location of the reverse distribution.
  virtual Tensor location(const Tensor& z, const reverse_point& at) const = 0;
  // z → x̂⁰.
  virtual Tensor x0(const Tensor& z, const reverse_point& at) const = 0;
  // Converts z, a prediction for the step `from`, into one for the longer step `to` from the same x^t, for sampling
  // with fewer steps than were trained. Predictions of x⁰, ε or both need no conversion.
  virtual Tensor of_step(const Tensor& z, const reverse_point&, const reverse_point&) const { return z; }
  // The z that training aims at: for this x⁰ and noise it makes location() that of q(x^{t−1}|x^t,x⁰) and x0() x⁰.
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

// Throws noneq::error where √ᾱ_T is 0 in float32, for predictions that divide by it.
void need_positive_alpha_bar(const tables& t, const char* prediction);

}

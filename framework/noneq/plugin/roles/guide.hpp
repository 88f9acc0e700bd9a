// A factor r(x) by which a sampler multiplies what it draws from: an observation, known pixels, a wanted class.
// Sohl-Dickstein et al. 2015, §2.5. A guide is const and thread-safe; what it begins belongs to one chunk, one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

// The chunk to be guided: samples first … first+count−1 of `shape`.
struct guided_chunk {
  const noneq::process& process;
  std::int64_t first, count;
  sizes shape;
  normalisation normal;
  std::vector<double> range;  // of the data, in data units; empty: not known
};

// What is known at x^t, for r_t. All tensors without gradients.
struct guided_state {
  Tensor xt, x0;  // x^t, x̂⁰ [n, …]
  coefficients c;
  // The product of [n, …] with the transposed derivative of x̂⁰ by x^t.
  std::function<Tensor(const Tensor&)> pull;

  // The product with the covariance of x⁰ given x^t, (1−ᾱ)/√ᾱ · ∂x̂⁰/∂x^t.
  Tensor covariance(const Tensor& u) const { return c.one_minus_alpha_bar / c.sqrt_alpha_bar * pull(u); }
};

// A x⁰ = y, in data units: y float64 [n, …], and A and Aᵀ as functions of n samples.
struct linear_equation {
  Tensor y;
  std::function<Tensor(const Tensor&)> map, transposed;
};

// One of gradient() and multiplied() is called, as multiplies_steps() says.
struct guidance {
  virtual ~guidance() = default;
  // ∇ ln r_t(x^t) [n, …], where r_t(x^t) = E[r(x⁰)|x^t].
  virtual Tensor gradient(const guided_state&) const { throw error("this guide has no r_t"); }
  // p(x^{t−1}|x^t) r(x^{t−1}), normalised; the coefficients are those of t.
  virtual distribution multiplied(const distribution& /*step*/, const coefficients&) const {
    throw error("this guide multiplies no steps");
  }
  // What x⁰ must be, float64 [n, …] in data units, and not a number where r leaves a choice; undefined: everywhere.
  virtual Tensor certain() const { return {}; }
  // What x⁰ must solve where r leaves no choice; valid as long as this guidance.
  virtual std::optional<linear_equation> equation() const { return {}; }
};

struct guide : role<"guide"> {
  // Whether r multiplies every reverse step; otherwise r_t does, which is r as x^t sees it.
  virtual bool multiplies_steps() const { return false; }
  // How often each reverse step is drawn, with a step of the forward process in between (Lugmayr et al. 2022,
  // algorithm 1).
  virtual std::int64_t draws_of_step() const { return 1; }
  // Throws noneq::error when r does not fit the data.
  virtual std::unique_ptr<guidance> begin(const guided_chunk& chunk) const = 0;
};

}

// A factor r(x) by which a sampler multiplies the distribution that it draws from: an observation, known pixels, a
// wanted class. A guide is const and called by several threads at once; the guidance that it begins belongs to one
// chunk and one thread. States are [n, …] in the units of the model unless a comment gives data units. Source:
// Sohl-Dickstein et al. 2015, §2.5.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

// The chunk that is guided: samples first … first+count−1, each of `shape`.
struct guided_chunk {
  const noneq::process& process;
  std::int64_t first, count;
  sizes shape;
  normalisation normal;
  std::vector<double> range;  // of the data, in data units; empty: not known
  batch rows = {};            // of the stream that the sampler stands in, in data units; count rows, or no tensor
};

// The state at which r_t is evaluated. All tensors are without gradients.
struct guided_state {
  Tensor xt, x0;  // x^t, x̂⁰ [n, …]; x̂⁰ as the guides before this one left it
  coefficients c;
  // Multiplies [n, …] with the transposed derivative of x̂⁰ by x^t. Costs a backward pass of the network.
  std::function<Tensor(const Tensor&)> pull;

  // (1−ᾱ)/√ᾱ, the factor by which ∇ ln r_t moves x̂⁰ (Tweedie's formula, Gaussian states).
  Tensor reach() const { return c.one_minus_alpha_bar / c.sqrt_alpha_bar; }
  // Multiplies [n, …] with the covariance of x⁰ given x^t, (1−ᾱ)/√ᾱ · ∂x̂⁰/∂x^t.
  Tensor covariance(const Tensor& u) const { return reach() * pull(u); }

  // Shortens a shift of x̂⁰ [n, …] that was computed from the network's derivative, for each sample to what evidence can
  // do. Given x^t, a number of deviation about 1 varies by √(1−ᾱ) at most, and evidence moves it by no more than a few
  // times that; but a trained network's derivative may be wrong, above all where (1−ᾱ)/√ᾱ multiplies it by thousands.
  Tensor limited(const Tensor& shift) const {
    constexpr double deviations = 5;
    const Tensor longest = broadcast_like(shift.abs().flatten(1).amax(1), shift);
    const Tensor most = deviations * broadcast_like(c.sqrt_one_minus_alpha_bar.flatten(), shift);
    return shift * (most / longest.clamp_min(1e-30)).clamp_max(1);
  }
};

// A x⁰ = y, in data units: y float64 [n, …], and A and Aᵀ as functions of n samples.
struct linear_equation {
  Tensor y;
  std::function<Tensor(const Tensor&)> map, transposed;
};

// A guide at work on one chunk. The sampler calls multiplied() where guide::multiplies_steps(), else gradient().
struct guidance {
  virtual ~guidance() = default;
  // Returns ∇ ln r_t(x^t) [n, …], where r_t(x^t) = E[r(x⁰)|x^t]. For Gaussian states x̂⁰ moves by reach() times that;
  // the part that is computed from the network's derivative should pass limited().
  virtual Tensor gradient(const guided_state&) const { throw error("this guide has no r_t"); }
  // Returns p(x^{t−1}|x^t) r(x^{t−1}), normalised; the coefficients are those of t.
  virtual distribution multiplied(const distribution& /*step*/, const coefficients&) const {
    throw error("this guide multiplies no steps");
  }
  // Returns the values that x⁰ must have, float64 [n, …] in data units, and NaN where r leaves a choice; undefined
  // where it does so everywhere. The sampler puts them, and the nearest solution of equation(), into every x̂⁰.
  virtual Tensor certain() const { return {}; }
  // Returns the equation that x⁰ must solve where r leaves no choice; valid as long as this guidance.
  virtual std::optional<linear_equation> equation() const { return {}; }
};

struct guide : role<"guide"> {
  // Whether r multiplies every reverse step. Otherwise r_t(x^t) = E[r(x⁰)|x^t] does.
  virtual bool multiplies_steps() const { return false; }
  // Number of times each reverse step is drawn, with a step of the forward process in between (Lugmayr et al. 2022,
  // algorithm 1).
  virtual std::int64_t draws_of_step() const { return 1; }
  // Names of the tensors that begin() reads from the rows of a chunk. A pipeline whose stream lacks one is refused.
  virtual std::vector<std::string> reads() const { return {}; }
  // Throws noneq::error when r does not fit the data, or the rows do not fit r.
  virtual std::unique_ptr<guidance> begin(const guided_chunk& chunk) const = 0;
};

}

// The state space and its noise: stationary distribution π, one-step and t-step marginals, posterior, and the
// information measures of their distributions. A kernel's distributions are a location family
// (diffusion/distribution.hpp); nothing else of the framework looks inside them. Functions are pure and differentiable;
// all are safe to call at once.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/diffusion/coefficients.hpp"
#include "noneq/diffusion/distribution.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct kernel : role<"kernel"> {
  // Whether a reverse distribution needs a log-variance beside its location.
  virtual bool has_variance() const = 0;
  // Whether a step has detailed balance under π, so that the forward kernel run backwards is a reverse step.
  virtual bool reversible() const { return true; }

  // The randomness `sample` turns into states; shape of x, rows first, first+1, … of the stream.
  virtual Tensor noise(const sizes& shape, const stream& s, std::int64_t first) const = 0;
  virtual Tensor sample(const distribution& d, const Tensor& noise) const = 0;
  virtual Tensor most_likely(const distribution& d) const = 0;  // what the last reverse step returns: no noise

  virtual distribution stationary(const Tensor& like) const = 0;                             // π
  virtual distribution transition(const Tensor& previous, const coefficients& c) const = 0;  // q(x^t|x^{t−1})
  virtual distribution marginal(const Tensor& x0, const coefficients& c) const = 0;          // q(x^t|x^0)
  // x^t from q(x^t|x^0), in whatever way is fastest.
  virtual Tensor jump(const Tensor& x0, const coefficients& c, const Tensor& noise) const {
    return sample(marginal(x0, c), noise);
  }
  virtual distribution posterior(const Tensor& x0, const Tensor& xt,
                                 const coefficients& c) const = 0;  // q(x^{t−1}|x^t,x^0)

  // Nats per sample, [B].
  virtual Tensor log_prob(const Tensor& x, const distribution& d) const = 0;
  virtual Tensor kl(const distribution& q, const distribution& p) const = 0;
  virtual Tensor entropy(const distribution& d) const = 0;
  virtual Tensor cross_entropy(const distribution& q, const distribution& p) const = 0;  // −E_q ln p

  // For data known exactly as weighted atoms [n, …], blurred by Gaussian noise of `variance` where the space allows it:
  // ln q(x^t|atom) for all pairs, [B, n] …
  virtual Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double variance,
                                       const coefficients& c) const = 0;
  // … and the family member nearest to q(x^{t−1}|x^t) when the atoms have posterior `weights` [B, n].
  virtual distribution matched(const Tensor& weights, const Tensor& atoms, double variance, const Tensor& xt,
                               const coefficients& c) const = 0;

  // Throws noneq::error when x0 (a first batch of data) is not of this state space.
  virtual void check_data(const Tensor& x0) const = 0;
};

// Throws noneq::error for a kernel with which K has no meaning.
inline void need_reversible(const kernel& k) {
  if (!k.reversible())
    throw error(
        "K runs the forward kernel backwards at t = 1, but this kernel is not reversible; need one that is, or the "
        "bound with a decoder, vlb");
}

}

// A kernel is a state space and its noise: the stationary distribution π, the one-step and t-step marginals, the
// posterior, and the information measures of their distributions. These distributions are one location family
// (diffusion/distribution.hpp), whose members only the kernel interprets.
//
// Shapes and units: states are [B, …] of one floating dtype; coefficients broadcast to them. Logarithms are natural;
//   measures are [B], in nats per sample.
// Threads: every function is const and pure and may be called concurrently.
// Requires: results are differentiable in states, locations and coefficients, as far as the space allows.
// Errors: check_data() throws noneq::error; so do the functions of atoms when the space cannot blur them.
// Source: Sohl-Dickstein et al. 2015, table App.1; Ho et al. 2020, §2; for categories Austin et al. 2021, §3.1.
#pragma once

#include "noneq/core/random.hpp"
#include "noneq/diffusion/coefficients.hpp"
#include "noneq/diffusion/distribution.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct kernel : role<"kernel"> {
  // Returns whether a reverse distribution needs a log-variance beside its location.
  virtual bool has_variance() const = 0;
  // Returns whether a step has detailed balance under π, so that the forward kernel run backwards is a reverse step.
  virtual bool reversible() const { return true; }

  // Returns the randomness that sample() turns into states of this shape, from rows first, first+1, … of the stream.
  virtual Tensor noise(const sizes& shape, const stream& s, std::int64_t first) const = 0;
  virtual Tensor sample(const distribution& d, const Tensor& noise) const = 0;
  virtual Tensor most_likely(const distribution& d) const = 0;  // the last reverse step, without noise

  virtual distribution stationary(const Tensor& like) const = 0;                             // π
  virtual distribution transition(const Tensor& previous, const coefficients& c) const = 0;  // q(x^t|x^{t−1})
  virtual distribution marginal(const Tensor& x0, const coefficients& c) const = 0;          // q(x^t|x^0)
  // Returns x^t drawn from q(x^t|x^0). Overridden where there is a faster way.
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

  // For data known exactly as weighted atoms [n, …], blurred by Gaussian noise of `variance` where the space allows it,
  // returns ln q(x^t|atom) for all pairs, [B, n].
  virtual Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double variance,
                                       const coefficients& c) const = 0;
  // Returns the member of the family nearest to q(x^{t−1}|x^t) when the atoms have posterior `weights` [B, n].
  virtual distribution matched(const Tensor& weights, const Tensor& atoms, double variance, const Tensor& xt,
                               const coefficients& c) const = 0;

  // Throws noneq::error when x0 lies outside this state space. Called with a row of the data before training begins,
  // and with the noise of a file.
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

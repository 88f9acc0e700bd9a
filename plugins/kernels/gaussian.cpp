// The Gaussian kernel: states in R^d that decay towards N(0, I) (Sohl-Dickstein et al. 2015, table App.1; Ho et al.
// 2020).
#include "noneq/diffusion/gaussian.hpp"

#include <numbers>

#include "noneq/plugin.hpp"

namespace {

// Per sample [B, 1] in float64, for sums that cancel.
noneq::Tensor column(const noneq::Tensor& coefficient) { return coefficient.flatten().to(at::kDouble).unsqueeze(1); }

noneq::Tensor rows(const noneq::Tensor& x) { return x.to(at::kDouble).reshape({x.size(0), -1}); }

}

struct gaussian : noneq::kernel {
  using Tensor = noneq::Tensor;
  using distribution = noneq::distribution;
  using coefficients = noneq::coefficients;

  bool has_variance() const override { return true; }

  Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.normal(shape, first);
  }
  Tensor sample(const distribution& d, const Tensor& noise) const override { return noneq::gaussian::sample(d, noise); }
  Tensor most_likely(const distribution& d) const override { return d.location; }

  distribution stationary(const Tensor& like) const override { return noneq::gaussian::stationary(like); }
  distribution transition(const Tensor& previous, const coefficients& c) const override {
    return noneq::gaussian::transition(previous, c);
  }
  distribution marginal(const Tensor& x0, const coefficients& c) const override {
    return noneq::gaussian::marginal(x0, c);
  }
  Tensor jump(const Tensor& x0, const coefficients& c, const Tensor& noise) const override {
    return noneq::gaussian::jump(x0, c, noise);
  }
  distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c) const override {
    return noneq::gaussian::posterior(x0, xt, c);
  }

  Tensor log_prob(const Tensor& x, const distribution& d) const override { return noneq::gaussian::log_prob(x, d); }
  Tensor kl(const distribution& q, const distribution& p) const override { return noneq::gaussian::kl(q, p); }
  Tensor entropy(const distribution& d) const override { return noneq::gaussian::entropy(d, d.location); }
  Tensor cross_entropy(const distribution& q, const distribution& p) const override {
    return noneq::gaussian::cross_entropy(q, p);
  }

  // q(x^t|atom) = N(√ᾱ a, ᾱv + 1−ᾱ).
  Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double variance,
                               const coefficients& c) const override {
    const Tensor x = rows(xt), a = rows(atoms);
    const Tensor keep = column(c.sqrt_alpha_bar), spread = spread_of(variance, c);
    const Tensor square = x.square().sum(1, true) - 2 * keep * x.matmul(a.t()) + keep.square() * a.square().sum(1);
    const Tensor normaliser = static_cast<double>(x.size(1)) * (2 * std::numbers::pi * spread).log();
    return (-0.5 * (square.clamp_min(0) / spread + normaliser)).to(xt.scalar_type());
  }

  // Given its atom, x⁰ is Gaussian with mean a + g(x^t − √ᾱ a), g = √ᾱv/(ᾱv+1−ᾱ), and variance v(1−ᾱ)/(ᾱv+1−ᾱ); the
  // spread of the atoms' means joins it. The first two moments of q(x^{t−1}|x^t) follow from those of x⁰.
  distribution matched(const Tensor& weights, const Tensor& atoms, double variance, const Tensor& xt,
                       const coefficients& c) const override {
    const Tensor a = rows(atoms), w = weights.to(at::kDouble), x = rows(xt);
    const Tensor keep = column(c.sqrt_alpha_bar), spread = spread_of(variance, c);
    const Tensor gain = keep * variance / spread, left = 1 - gain * keep;
    const Tensor mean_atom = w.matmul(a);
    const Tensor atom_variance = (w.matmul(a.square()) - mean_atom.square()).clamp_min(0);
    const Tensor x0 = left * mean_atom + gain * x;
    const Tensor x0_variance = variance * column(c.one_minus_alpha_bar) / spread + left.square() * atom_variance;
    const Tensor c1 = column(c.c1);
    const Tensor location = c1 * x0 + column(c.c2) * x;
    // The floor stands for a point, as q(x⁰|x¹) of a single atom is.
    const Tensor total = (column(c.beta_tilde) + c1.square() * x0_variance).clamp_min(1e-30);
    return {location.view(xt.sizes()).to(xt.scalar_type()), total.log().view(xt.sizes()).to(xt.scalar_type())};
  }

  void check_data(const Tensor& x0) const override {
    if (!x0.isfinite().all().item<bool>())
      throw noneq::error("got data with infinite or undefined values, need numbers");
  }

  static void describe(noneq::description<gaussian>& d) {
    d.doc("Real vectors; the noise is Gaussian, the stationary distribution N(0, I).").spaces({"gaussian"});
  }

 private:
  static Tensor spread_of(double variance, const coefficients& c) {
    return column(c.alpha_bar) * variance + column(c.one_minus_alpha_bar);
  }
};
NONEQ_PLUGIN(gaussian);

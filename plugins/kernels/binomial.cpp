// The binomial kernel: bits that forget themselves by heat-bath flips (Sohl-Dickstein et al. 2015, table App.1).
#include "noneq/diffusion/binomial.hpp"

#include "noneq/plugin.hpp"

struct binomial : noneq::kernel {
  using Tensor = noneq::Tensor;
  using distribution = noneq::distribution;
  using coefficients = noneq::coefficients;

  double r = 0.5;

  bool has_variance() const override { return false; }

  Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.uniform(shape, first);
  }
  Tensor sample(const distribution& d, const Tensor& noise) const override { return noneq::binomial::sample(d, noise); }
  Tensor most_likely(const distribution& d) const override { return (d.location > 0).to(d.location.scalar_type()); }

  distribution stationary(const Tensor& like) const override { return noneq::binomial::stationary(like, r); }
  distribution transition(const Tensor& previous, const coefficients& c) const override {
    return noneq::binomial::transition(previous, c, r);
  }
  distribution marginal(const Tensor& x0, const coefficients& c) const override {
    return noneq::binomial::marginal(x0, c, r);
  }
  distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c) const override {
    return noneq::binomial::posterior(x0, xt, c, r);
  }

  Tensor log_prob(const Tensor& x, const distribution& d) const override { return noneq::binomial::log_prob(x, d); }
  Tensor kl(const distribution& q, const distribution& p) const override { return noneq::binomial::kl(q, p); }
  Tensor entropy(const distribution& d) const override { return noneq::binomial::entropy(d, d.location); }
  Tensor cross_entropy(const distribution& q, const distribution& p) const override {
    return noneq::binomial::cross_entropy(q, p);
  }

  // A sum over bits depends only on how many of them agree, which two products of matrices count.
  Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double variance,
                               const coefficients& c) const override {
    need_no_blur(variance);
    const Tensor x = xt.to(at::kDouble).flatten(1), a = atoms.to(at::kDouble).flatten(1).t();
    const Tensor of_one = marginal(at::ones_like(c.alpha_bar), c).location.to(at::kDouble).view({-1, 1});
    const Tensor of_zero = marginal(at::zeros_like(c.alpha_bar), c).location.to(at::kDouble).view({-1, 1});
    const Tensor ones = x.matmul(a), zeros = (1 - x).matmul(a);
    const Tensor ones_of_zero = x.sum(1, true) - ones, zeros_of_zero = (1 - x).sum(1, true) - zeros;
    const Tensor sum = ones * at::log_sigmoid(of_one) + zeros * at::log_sigmoid(-of_one) +
                       ones_of_zero * at::log_sigmoid(of_zero) + zeros_of_zero * at::log_sigmoid(-of_zero);
    return sum.to(xt.scalar_type());
  }

  // Bits on their own: P(x^{t−1}=1|x^t) mixes the two posteriors by P(x⁰=1|x^t).
  distribution matched(const Tensor& weights, const Tensor& atoms, double variance, const Tensor& xt,
                       const coefficients& c) const override {
    need_no_blur(variance);
    const Tensor p = weights.to(at::kDouble).matmul(atoms.to(at::kDouble).flatten(1)).clamp(0, 1).view(xt.sizes());
    return {noneq::binomial::posterior_mixture(p, xt, c, r).location.to(xt.scalar_type()), {}};
  }

  void check_data(const Tensor& x0) const override {
    if (!((x0 == 0) | (x0 == 1)).all().item<bool>())
      throw noneq::error("got data with values other than 0 and 1, need bits for a binomial kernel");
  }

  static void describe(noneq::description<binomial>& d) {
    d.doc("Bits; a step keeps each with probability 1−β, else redraws it: 1 with probability r.")
        .param("r", &binomial::r, "probability of a 1 when all is noise", noneq::inside(0, 1));
    d.spaces({"binary"});
  }

 private:
  static void need_no_blur(double variance) {
    if (variance != 0)
      throw noneq::error(c10::str("got atoms blurred by a variance of ", variance, ", need 0: bits cannot be blurred"));
  }
};
NONEQ_PLUGIN(binomial);

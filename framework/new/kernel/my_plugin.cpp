// A kernel: a state space and its noise. Here the states are bits: a step keeps each with probability 1 − β and else
// draws it anew, 1 with probability r. Another process of bits needs another keeping() alone: the rest follows from it
// by Bayes' rule. For a Gaussian process see noneq/diffusion/gaussian.hpp.
#include "noneq/diffusion/binomial.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::coefficients;
using noneq::distribution;
using noneq::Tensor;

struct my_plugin : noneq::kernel {
  double r = 0.5;

  // Bits have no log-variance: a distribution is the logit of P(x = 1), [B, …].
  bool has_variance() const override { return false; }

  Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.uniform(shape, first);
  }
  Tensor sample(const distribution& d, const Tensor& noise) const override { return noneq::binomial::sample(d, noise); }
  Tensor most_likely(const distribution& d) const override { return (d.location > 0).to(d.location.scalar_type()); }

  distribution stationary(const Tensor& like) const override {
    const Tensor none = at::zeros_like(like);
    return of(keeping(like, none, none + 1));
  }
  distribution transition(const Tensor& previous, const coefficients& c) const override {
    return of(keeping(previous, c.alpha, c.beta));
  }
  distribution marginal(const Tensor& x0, const coefficients& c) const override {
    return of(keeping(x0, c.alpha_bar, c.one_minus_alpha_bar));
  }
  // q(x^{t−1}|x^t,x⁰) is q(x^t|x^{t−1}) q(x^{t−1}|x⁰), normalised.
  distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c) const override {
    const odds before = keeping(x0, c.alpha_bar_prev, c.one_minus_alpha_bar_prev);
    const odds after_one = keeping(at::ones_like(xt), c.alpha, c.beta);
    const odds after_zero = keeping(at::zeros_like(xt), c.alpha, c.beta);
    return of({before.one * (xt * after_one.one + (1 - xt) * after_one.zero),
               before.zero * (xt * after_zero.one + (1 - xt) * after_zero.zero)});
  }

  // Nats per sample, [B].
  Tensor log_prob(const Tensor& x, const distribution& d) const override { return noneq::binomial::log_prob(x, d); }
  Tensor kl(const distribution& q, const distribution& p) const override { return noneq::binomial::kl(q, p); }
  Tensor entropy(const distribution& d) const override { return noneq::binomial::entropy(d, d.location); }
  Tensor cross_entropy(const distribution& q, const distribution& p) const override {
    return noneq::binomial::cross_entropy(q, p);
  }

  // ln q(x^t|atom) of all pairs, [B, n], for metric.ceiling.
  Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double variance,
                               const coefficients& c) const override {
    need_no_blur(variance);
    const Tensor x = xt.to(at::kDouble).flatten(1);
    std::vector<Tensor> of_atom;
    for (std::int64_t k = 0; k < atoms.size(0); ++k) {
      const Tensor logit = marginal(atoms[k].expand_as(xt), c).location.to(at::kDouble).flatten(1);
      of_atom.push_back((x * at::log_sigmoid(logit) + (1 - x) * at::log_sigmoid(-logit)).sum(1));
    }
    return at::stack(of_atom, 1).to(xt.scalar_type());
  }
  // Bits are on their own: P(x^{t−1}=1|x^t) mixes the posteriors of both values by P(x⁰=1|x^t).
  distribution matched(const Tensor& weights, const Tensor& atoms, double variance, const Tensor& xt,
                       const coefficients& c) const override {
    need_no_blur(variance);
    const Tensor ones = weights.matmul(atoms.to(weights.scalar_type()).flatten(1)).view(xt.sizes()).clamp(0, 1);
    const auto given = [&](const Tensor& x0) { return posterior(x0, xt, c).location.to(weights.scalar_type()); };
    const Tensor by_one = given(at::ones_like(xt)), by_zero = given(at::zeros_like(xt));
    return of({(ones * by_one.sigmoid() + (1 - ones) * by_zero.sigmoid()).to(xt.scalar_type()),
               (ones * (-by_one).sigmoid() + (1 - ones) * (-by_zero).sigmoid()).to(xt.scalar_type())});
  }

  void check_data(const Tensor& x0) const override {
    if (!((x0 == 0) | (x0 == 1)).all().item<bool>())
      throw noneq::error("got data with values other than 0 and 1, need bits");
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Bits; a step keeps each with probability 1−β, else draws it anew.")
        .param("r", &my_plugin::r, "probability of a 1 when all is noise", noneq::inside(0, 1))
        .spaces({"binary"});  // the means that may stand beside it are those of this space
  }

 private:
  // P(x = 1) and P(x = 0). Both are kept, because 1 − p has no digits left where p is near 1.
  struct odds {
    Tensor one, zero;
  };
  // The odds of a bit that is kept with probability `kept` and drawn anew with probability `lost` = 1 − kept.
  odds keeping(const Tensor& x, const Tensor& kept, const Tensor& lost) const {
    return {kept * x + lost * r, kept * (1 - x) + lost * (1 - r)};
  }
  // A probability below e^−80 (float64: e^−100) counts as that and has no gradient: ln 0, and its gradient, are no
  // numbers.
  static distribution of(const odds& o) {
    const double least = std::exp(o.one.scalar_type() == at::kDouble ? -100 : -80);
    const Tensor all = o.one + o.zero;
    return {(o.one / all).clamp_min(least).log() - (o.zero / all).clamp_min(least).log(), {}};
  }
  static void need_no_blur(double variance) {
    if (variance != 0) throw noneq::error("got atoms that are blurred, need atoms of bits, which cannot be");
  }
};

NONEQ_PLUGIN(my_plugin);

}

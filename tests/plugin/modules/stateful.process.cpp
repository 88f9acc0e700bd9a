// Stateful plugins of the process, which training, samplers and metrics share.
#include "stateful.hpp"
#include "noneq/diffusion/gaussian.hpp"
#include "noneq/diffusion/schedules.hpp"
#include "noneq/diffusion/variances.hpp"

namespace stateful {

namespace kernels {
// The Gaussian kernel with noise that grows whenever a state is drawn.
struct counting : counted<noneq::kernel> {
  using distribution = noneq::distribution;
  using coefficients = noneq::coefficients;

  double factor() const { return 1 + 0.01 * calls.next(); }

  bool has_variance() const override { return true; }
  Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.normal(shape, first);
  }
  Tensor sample(const distribution& d, const Tensor& noise) const override {
    return noneq::gaussian::sample(d, factor() * noise);
  }
  Tensor most_likely(const distribution& d) const override { return d.location; }
  distribution stationary(const Tensor& like) const override { return noneq::gaussian::stationary(like); }
  distribution transition(const Tensor& previous, const coefficients& c) const override {
    return noneq::gaussian::transition(previous, c);
  }
  distribution marginal(const Tensor& x0, const coefficients& c) const override {
    return noneq::gaussian::marginal(x0, c);
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
  Tensor log_marginal_of_atoms(const Tensor&, const Tensor&, double, const coefficients&) const override {
    throw noneq::error("got atoms, need none");
  }
  distribution matched(const Tensor&, const Tensor&, double, const Tensor&, const coefficients&) const override {
    throw noneq::error("got atoms, need none");
  }
  void check_data(const Tensor&) const override { calls.next(); }

  static void describe(noneq::description<counting>& d) {
    d.doc("Gaussian noise that grows with each draw.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(counting);
}

namespace schedules {
struct counting : counted<noneq::schedule> {
  Tensor beta() const override { return noneq::constant(steps, 0.05 * (1 + 0.01 * calls.next())); }
  static void describe(noneq::description<counting>& d) { d.doc("A β that grows whenever it is looked at."); }
};
NONEQ_PLUGIN(counting);
}

namespace means {
struct counting : counted<noneq::gaussian_mean> {
  Tensor input(const Tensor& xt, const noneq::coefficients&) const override { return (1 + 0.01 * calls.next()) * xt; }
  Tensor x0(const Tensor& z, const noneq::reverse_point&) const override { return z; }
  Tensor target(const Tensor& x0, const Tensor&, const noneq::reverse_point&) const override { return x0; }
  Tensor epsilon_error(const noneq::reverse_point& at) const override { return at.c.snr; }
  static void describe(noneq::description<counting>& d) {
    d.doc("Predicts x⁰ from an x^t that grows with each call.").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(counting);
}

namespace variances {
struct counting : counted<noneq::variance> {
  std::int64_t outputs() const override { return 0; }
  Tensor log_variance(const Tensor&, const noneq::coefficients& c, std::int64_t) const override {
    return noneq::fixed_small(c) + 0.01 * calls.next();
  }
  static void describe(noneq::description<counting>& d) { d.doc("Grows with each call.").spaces({"gaussian"}); }
};
NONEQ_PLUGIN(counting);
}

}

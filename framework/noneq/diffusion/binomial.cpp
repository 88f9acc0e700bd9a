#include "noneq/diffusion/binomial.hpp"

#include <cmath>

#include "noneq/core/error.hpp"

namespace noneq::binomial {
namespace {

void check(double r) {
  if (!(r > 0 && r < 1)) throw error(c10::str("got r = ", r, ", need a value in (0, 1)"));
}

double limit(const Tensor& x) { return x.scalar_type() == at::kDouble ? 100 : 80; }

Tensor clamped(const Tensor& logit) { return logit.clamp(-limit(logit), limit(logit)); }

// ln p, where p below e^−limit counts as e^−limit and has no gradient.
Tensor safe_log(const Tensor& p) { return p.clamp_min(std::exp(-limit(p))).log(); }

// Takes both probabilities because 1 − p loses the digits of a small rest.
Tensor logit(const Tensor& p_one, const Tensor& p_zero) { return safe_log(p_one) - safe_log(p_zero); }

// P(1) and P(0) of a bit that kept its value x with probability `keep` and was else redrawn (`redraw` = 1 − keep).
Tensor heat_bath(const Tensor& x, const Tensor& keep, const Tensor& redraw, double r) {
  return logit(keep * x + redraw * r, keep * (1 - x) + redraw * (1 - r));
}

// ln P(x^t|x^{t−1}=1) − ln P(x^t|x^{t−1}=0), by the two values of x^t.
Tensor evidence(const Tensor& xt, const coefficients& c, double r) {
  const Tensor of_one = logit(c.alpha + c.beta * r, c.beta * r);
  const Tensor of_zero = logit(c.beta * (1 - r), c.alpha + c.beta * (1 - r));
  return at::where(xt > 0.5, of_one, of_zero);
}

// logit P(x^{t−1}=1|x⁰), per sample, for a known x⁰.
Tensor prior(bool x0, const coefficients& c, double r) {
  const Tensor& keep = c.alpha_bar_prev;
  const Tensor& redraw = c.one_minus_alpha_bar_prev;
  return x0 ? logit(keep + redraw * r, redraw * (1 - r)) : logit(redraw * r, keep + redraw * (1 - r));
}

// logit P(x^{t−1}=1|x^t,x⁰) for x⁰ = 0 and x⁰ = 1.
struct both {
  Tensor zero, one;
};

both posteriors(const Tensor& xt, const coefficients& c, double r) {
  check(r);
  const Tensor e = evidence(xt, c, r);
  return {clamped(prior(false, c, r) + e), clamped(prior(true, c, r) + e)};
}

}

distribution marginal(const Tensor& x0, const coefficients& c, double r) {
  check(r);
  return {heat_bath(x0, c.alpha_bar, c.one_minus_alpha_bar, r), {}};
}

distribution transition(const Tensor& xprev, const coefficients& c, double r) {
  check(r);
  return {heat_bath(xprev, c.alpha, c.beta, r), {}};
}

distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c, double r) {
  check(r);
  const Tensor known = at::where(x0 > 0.5, prior(true, c, r), prior(false, c, r));
  return {clamped(known + evidence(xt, c, r)), {}};
}

distribution posterior_mixture(const Tensor& p, const Tensor& xt, const coefficients& c, double r) {
  const both b = posteriors(xt, c, r);
  const Tensor log_p = safe_log(p), log_q = safe_log(1 - p);
  const Tensor one = at::logaddexp(log_p + at::log_sigmoid(b.one), log_q + at::log_sigmoid(b.zero));
  const Tensor zero = at::logaddexp(log_p + at::log_sigmoid(-b.one), log_q + at::log_sigmoid(-b.zero));
  return {clamped(one - zero), {}};
}

distribution stationary(const Tensor& x, double r) {
  check(r);
  return {at::full_like(x, std::log(r) - std::log1p(-r)), {}};
}

Tensor sample(const distribution& d, const Tensor& uniform) {
  return (uniform < d.location.sigmoid()).to(d.location.scalar_type());
}

Tensor log_prob(const Tensor& x, const distribution& d) {
  return sum_per_sample(at::log_sigmoid((2 * x - 1) * clamped(d.location)));
}

Tensor kl(const distribution& q, const distribution& p) {
  const Tensor a = clamped(q.location), b = clamped(p.location);
  return sum_per_sample(a.sigmoid() * (at::log_sigmoid(a) - at::log_sigmoid(b)) +
                        (-a).sigmoid() * (at::log_sigmoid(-a) - at::log_sigmoid(-b)));
}

Tensor entropy(const distribution& d, const Tensor& like) { return cross_entropy({d.location.expand_as(like), {}}, d); }

Tensor cross_entropy(const distribution& q, const distribution& p) {
  const Tensor a = clamped(q.location), b = clamped(p.location);
  return -sum_per_sample(a.sigmoid() * at::log_sigmoid(b) + (-a).sigmoid() * at::log_sigmoid(-b));
}

}

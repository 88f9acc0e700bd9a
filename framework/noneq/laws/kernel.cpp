// Laws of roles/kernel.hpp: those of its distributions as formulas. Laws of what is drawn stand in kernel_draws.cpp.
#include "noneq/plugin/roles/kernel.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/kernel_draws.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"

namespace noneq::laws {
namespace kernel_laws {

constexpr double exact = 1e-8;  // float64, whose logarithms of probabilities are sums of a few numbers

void has_shape(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const Tensor x0 = data_of(*p.kernel, 4, at::kDouble), other = x0.flip(0);
    const auto c = coefficients_at(p.tables, at::full({4}, p.steps() / 2, at::kLong), x0);
    const auto check = [&](const char* what, const distribution& d) {
      need(d.location.defined() && d.location.sizes() == x0.sizes(), std::string("the location of ") + what,
           d.location.defined() ? to_string(d.location.sizes().vec()) : "no tensor", to_string(x0.sizes().vec()));
      need(d.log_variance.defined() == p.kernel->has_variance(), std::string("the ln σ² of ") + what,
           d.log_variance.defined() ? "a tensor" : "no tensor", "one where has_variance() is true, and only there");
    };
    check("stationary()", p.kernel->stationary(x0));
    check("transition()", p.kernel->transition(other, c));
    check("marginal()", p.kernel->marginal(x0, c));
    check("posterior()", p.kernel->posterior(x0, other, c));
  });
}

void begins_with_transition(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const Tensor x0 = data_of(*p.kernel, 4, at::kDouble);
    const auto c = coefficients_at(p.tables, at::zeros({4}, at::kLong), x0);
    const distribution step = p.kernel->transition(x0, c), jump = p.kernel->marginal(x0, c);
    need_close("KL from transition() to marginal() at t = 1", p.kernel->kl(step, jump), at::zeros({4}, at::kDouble), 0,
               exact);
  });
}

// q(x^t|x^{t−1}) q(x^{t−1}|x⁰) = q(x^{t−1}|x^t,x⁰) q(x^t|x⁰), which also makes the marginal of t the t-fold transition.
void keeps_bayes(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 4);
    const kernel& k = *p.kernel;
    const Tensor forward =
        k.log_prob(x.xt, k.transition(x.previous, x.c)) + k.log_prob(x.previous, k.marginal(x.x0, x.c_previous));
    const Tensor backward =
        k.log_prob(x.previous, k.posterior(x.x0, x.xt, x.c)) + k.log_prob(x.xt, k.marginal(x.x0, x.c));
    need_close("ln q(x^{t−1}|x^t,x⁰) + ln q(x^t|x⁰)", backward, forward, exact, exact);
  });
}

void is_reversible(const subject& s) {
  if (!s.as<kernel>()->reversible()) return;
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 4);
    const kernel& k = *p.kernel;
    const distribution pi = k.stationary(x.x0);
    need_close("ln π(x^t) + ln q(x^{t−1} → x^t, backwards)",
               k.log_prob(x.xt, pi) + k.log_prob(x.previous, k.transition(x.xt, x.c)),
               k.log_prob(x.previous, pi) + k.log_prob(x.xt, k.transition(x.previous, x.c)), exact, exact);
  });
}

void measures_information(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 2);
    const kernel& k = *p.kernel;
    const distribution q = k.marginal(x.x0, x.c_previous), wider = k.marginal(x.x0, x.c);
    const Tensor zero = at::zeros({x.x0.size(0)}, at::kDouble);
    need_close("KL from a distribution to itself", k.kl(q, q), zero, 0, exact);
    need_within("KL of two marginals", k.kl(q, wider), -exact, std::numeric_limits<double>::infinity());
    need_close("KL", k.kl(q, wider), k.cross_entropy(q, wider) - k.entropy(q), exact, exact);
    need_close("cross-entropy of a distribution and itself", k.cross_entropy(q, q), k.entropy(q), exact, exact);
  });
}

void knows_atoms(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 1);
    const kernel& k = *p.kernel;
    const Tensor got = k.log_marginal_of_atoms(x.xt, x.x0, 0, x.c);
    const std::int64_t n = x.x0.size(0);
    need(got.sizes().vec() == sizes{n, n}, "log_marginal_of_atoms()", to_string(got.sizes().vec()),
         to_string({n, n}) + ", [B, n]");
    for (const std::int64_t j : {std::int64_t{0}, n - 1}) {
      const Tensor atom = x.x0.slice(0, j, j + 1);
      need_close("ln q(x^t|atom)", got.select(1, j),
                 k.log_prob(x.xt, k.marginal(atom.expand_as(x.xt).contiguous(), x.c)), exact, 1e-6);
      const Tensor certain = at::zeros({n, n}, at::kDouble);
      certain.select(1, j).fill_(1);
      const distribution matched = k.matched(certain, x.x0, 0, x.xt, x.c);
      const distribution wanted = k.posterior(atom.expand_as(x.xt).contiguous(), x.xt, x.c);
      // Bits that are certain have logits without limit, so that distributions are compared by what they predict.
      need_close("KL from the posterior of an atom to matched() where it is certain", k.kl(wanted, matched),
                 at::zeros({n}, at::kDouble), 0, 1e-6);
    }
  });
}

void is_differentiable(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 1);
    const kernel& k = *p.kernel;
    const distribution d = k.marginal(x.x0, x.c);
    need_derivative(
        "log_prob() by the location",
        [&](const Tensor& location) {
          return k.log_prob(x.xt, {location, d.log_variance});
        },
        d.location);
    const distribution q = k.posterior(x.x0, x.xt, x.c);
    need_derivative(
        "kl() by the second location",
        [&](const Tensor& location) {
          return k.kl(q, {location, q.log_variance});
        },
        q.location.clamp(-20, 20) + 0.1);
  });
}

void works_by_sample(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const chain x = walked(p, 1);
    const kernel& k = *p.kernel;
    const auto whole = [&](std::size_t) { return k.posterior(x.x0, x.xt, x.c).location; };
    const Tensor all = whole(0);
    for (const Tensor& again : at_once(threads_at_once, whole))
      need_equal("posterior(), from several threads at once", again, all);
    const std::int64_t i = all.size(0) / 2;
    const auto row = [i](const Tensor& t) { return t.slice(0, i, i + 1); };
    const auto c = coefficients_at(p.tables, row(x.c.index), row(x.x0));
    need_close("posterior() of a sample alone", k.posterior(row(x.x0), row(x.xt), c).location, row(all), 1e-9, 1e-9);
  });
}

}

law_list of_kernel() {
  using namespace kernel_laws;
  law_list all{
      {"Every distribution has the shape of its states, and ln σ² exactly where has_variance().", has_shape},
      {"At t = 1 the marginal is the transition.", begins_with_transition},
      {"Posterior, marginal and transition keep Bayes' rule at every step.", keeps_bayes},
      {"A kernel that is reversible() has detailed balance under π.", is_reversible},
      {"KL is not negative, 0 for equal distributions, and cross-entropy minus entropy.", measures_information},
      {"The functions of atoms agree with marginal() and posterior().", knows_atoms},
      {"log_prob() and kl() are differentiable in locations.", is_differentiable},
      {"A sample's distributions depend on its own row alone, whatever thread computes them.", works_by_sample},
  };
  for (const law& l : of_kernel_draws()) all.push_back(l);
  return all;
}

}

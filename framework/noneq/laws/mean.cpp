// Laws of roles/mean.hpp.
#include "noneq/plugin/roles/mean.hpp"

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"

namespace noneq::laws {
namespace mean_laws {

// A prediction at float64 states of every step, where ln Σ is that of a fixed variance.
struct prediction {
  noised states;
  Tensor log_variance, target;

  reverse_point at(const process& p) const { return {states.xt, states.c, *p.kernel, log_variance}; }
};

prediction predicted(const process& p) {
  prediction z{noised_states(p, 3, at::kDouble), {}, {}};
  z.log_variance = p.log_variance({}, z.states.c);
  z.target = p.mean->target(z.states.x0, z.states.noise, z.at(p));
  return z;
}

// Predictions divide by √ᾱ, or by 1 − β near the noise, and logits saturate near the data: that costs digits of
// float64, but never half of them.
constexpr double half_the_digits = 1e-6;

void has_target(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const prediction z = predicted(p);
    sizes shape = z.states.x0.sizes().vec();
    shape[1] *= p.mean->outputs();
    need(z.target.defined() && z.target.sizes().vec() == shape && z.target.scalar_type() == at::kDouble, "target()",
         z.target.defined() ? to_string(z.target.sizes().vec()) : "no tensor",
         to_string(shape) + ", outputs() numbers for each of x, of its type");
  });
}

void returns_x0(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const prediction z = predicted(p);
    need_close("x0() of the target", p.mean->x0(z.target, z.at(p)), z.states.x0, half_the_digits, half_the_digits);
  });
}

// Locations of discrete states are logarithms of odds or probabilities, which are compared as distributions.
void returns_posterior(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const prediction z = predicted(p);
    const distribution wanted = p.kernel->posterior(z.states.x0, z.states.xt, z.states.c);
    const Tensor got = p.mean->location(z.target, z.at(p));
    if (p.kernel->has_variance())
      need_close("location() of the target", got, wanted.location, half_the_digits, half_the_digits);
    else
      need_close("KL from q(x^{t−1}|x^t,x⁰) to the location() of the target", p.kernel->kl(wanted, {got, {}}),
                 at::zeros({got.size(0)}, at::kDouble), 0, half_the_digits);
  });
}

void has_epsilon_error(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    if (!p.kernel->has_variance()) return;
    const prediction z = predicted(p);
    const Tensor wrong = z.target + stream(6).normal(z.target.sizes().vec()).to(at::kDouble);
    const Tensor x0_error = p.mean->x0(wrong, z.at(p)) - z.states.x0;
    const Tensor epsilon_error = sum_per_sample((z.states.c.snr.sqrt() * x0_error).square());
    const Tensor claimed = sum_per_sample(p.mean->epsilon_error(z.at(p)) * (wrong - z.target).square());
    // Where no signal is left, no error of x̂⁰ is one of ε.
    const Tensor known = z.states.c.alpha_bar.flatten() > 0;
    need_close("‖ε − ε̂‖² by epsilon_error(), and by x0()", claimed.masked_select(known),
               epsilon_error.masked_select(known), half_the_digits, half_the_digits);
  });
}

void has_input(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const noised n = noised_states(p, 1, at::kDouble);
    coefficients longer = n.c;  // those of another step to the same ᾱ
    longer.beta = 0.5 * n.c.beta;
    longer.alpha = 1 - longer.beta;
    longer.c1 = 0.7 * n.c.c1;
    longer.c2 = 0.9 * n.c.c2;
    longer.beta_tilde = 0.5 * n.c.beta_tilde;
    longer.log_beta_tilde = n.c.log_beta_tilde - 1;
    longer.log_beta = n.c.log_beta - 1;
    longer.alpha_bar_prev = n.c.alpha_bar / longer.alpha;
    longer.one_minus_alpha_bar_prev = 1 - longer.alpha_bar_prev;
    need_equal("input() where ᾱ is equal and β another", p.mean->input(n.xt, longer), p.input(n.xt, n.c));
  });
}

void converts_steps(const subject& s) {
  in_each(settings(s, twelve_steps()), [&](const process& p) {
    const std::vector<std::int64_t> kept{1, 4, 7, 11};
    const process longer = p.respaced(kept);
    const Tensor index = at::arange(4, at::kLong), original = at::tensor(kept, at::kLong);
    const Tensor x0 = data_of(*p.kernel, 4, at::kDouble);
    const Tensor noise = p.kernel->noise(x0.sizes().vec(), stream(5), 0).to(at::kDouble);
    const auto c = coefficients_at(p.tables, original, x0), c_longer = coefficients_at(longer.tables, index, x0);
    const Tensor xt = p.kernel->jump(x0, c, noise);
    const reverse_point from{xt, c, *p.kernel, p.log_variance({}, c)};
    const reverse_point to{xt, c_longer, *p.kernel, longer.log_variance({}, c_longer)};
    const Tensor converted = p.mean->of_step(p.mean->target(x0, noise, from), from, to);
    need_close("x0() of a target converted to a longer step", p.mean->x0(converted, to), x0, 1e-5, 1e-5);
  });
}

void is_differentiable(const subject& s) {
  in_each(settings(s, twelve_steps()), [&](const process& p) {
    const prediction z = predicted(p);
    // Away from the target, where logits of certain states are flat.
    const Tensor some = stream(6).normal(z.target.sizes().vec()).to(at::kDouble);
    need_derivative(
        "location() by the network's output", [&](const Tensor& out) { return p.mean->location(out, z.at(p)); }, some,
        1e-4);
    need_derivative(
        "x0() by the network's output", [&](const Tensor& out) { return p.mean->x0(out, z.at(p)); }, some, 1e-4);
  });
}

void works_by_sample(const subject& s) {
  in_each(settings(s), [&](const process& p) {
    const prediction z = predicted(p);
    const auto whole = [&](std::size_t) { return p.mean->location(z.target, z.at(p)); };
    const Tensor all = whole(0);
    for (const Tensor& again : at_once(threads_at_once, whole))
      need_equal("location(), from several threads at once", again, all);
    const std::int64_t k = all.size(0) / 2;
    const auto row = [k](const Tensor& x) { return x.defined() ? x.slice(0, k, k + 1) : x; };
    const Tensor xt = row(z.states.xt);
    const auto c = coefficients_at(p.tables, row(z.states.index), xt);
    const reverse_point here{xt, c, *p.kernel, p.log_variance({}, c)};
    need_close("location() of a sample alone", p.mean->location(row(z.target), here), row(all), 1e-9, 1e-9);
  });
}

}

law_list of_mean() {
  using namespace mean_laws;
  return {
      {"target() has outputs() numbers for each number of x.", has_target},
      {"x0() of the target is x⁰ at every step.", returns_x0},
      {"location() of the target is that of q(x^{t−1}|x^t,x⁰) at every step.", returns_posterior},
      {"epsilon_error() is ‖ε − ε̂‖² per ‖z − z*‖² (Gaussian states).", has_epsilon_error},
      {"input() has the shape and type of x^t, and depends on ᾱ alone.", has_input},
      {"of_step() of the target of a step is a target of the longer step.", converts_steps},
      {"location() and x0() are differentiable in the network's output.", is_differentiable},
      {"A sample's prediction depends on its own row alone, whatever thread converts it.", works_by_sample},
  };
}

}

// Laws of roles/variance.hpp.
#include "noneq/plugin/roles/variance.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"

namespace noneq::laws {
namespace variance_laws {

struct trial {
  noised states;
  Tensor raw;  // the network's second output, where the variance reads one
};

trial trial_of(const process& p, at::ScalarType type) {
  trial t{noised_states(p, 1, type), {}};
  if (p.variance->outputs() == 0) return t;
  sizes shape = t.states.x0.sizes().vec();
  shape[1] *= p.variance->outputs();
  t.raw = stream(4).normal(shape).to(type);
  return t;
}

// Every setting has at least two steps, at each of which ln Σ must be a number.
std::vector<setting> settings_with_signal(const subject& s) {
  return settings(s, {.schedules = {"{plugin: log_snr, steps: 12}", "{plugin: log_snr, steps: continuous}"}});
}

void is_a_number(const subject& s) {
  const auto v = s.as<variance>();
  need(v->outputs() >= 0, "outputs()", std::to_string(v->outputs()), "0 or more");
  in_each(settings(s), [&](const process& p) {
    const trial t = trial_of(p, at::kFloat);
    const Tensor log_variance = p.log_variance(t.raw, t.states.c);
    need(log_variance.defined() && at::is_expandable_to(log_variance.sizes(), t.states.x0.sizes()), "ln Σ",
         log_variance.defined() ? to_string(log_variance.sizes().vec()) : "no tensor",
         "a shape that broadcasts to " + to_string(t.states.x0.sizes().vec()));
    constexpr double any = std::numeric_limits<double>::infinity();
    need_within("ln Σ", log_variance, -any, any);
  });
}

void works_by_sample(const subject& s) {
  in_each(settings_with_signal(s), [&](const process& p) {
    const trial t = trial_of(p, at::kDouble);
    const auto whole = [&] { return p.log_variance(t.raw, t.states.c).expand_as(t.states.x0).contiguous(); };
    const Tensor all = whole();
    const auto row = [](const Tensor& x, std::int64_t k) { return x.defined() ? x.slice(0, k, k + 1) : x; };
    for (const std::int64_t k : {std::int64_t{0}, all.size(0) - 1}) {
      const Tensor x = row(t.states.x0, k);
      const Tensor alone = p.log_variance(row(t.raw, k), coefficients_at(p.tables, row(t.states.index, k), x));
      need_close("ln Σ of a sample alone", alone.expand_as(x), row(all, k), 1e-9, 1e-9);
    }
    for (const Tensor& again : at_once(threads_at_once, [&](std::size_t) { return whole(); }))
      need_equal("ln Σ, from several threads at once", again, all);
  });
}

void is_differentiable(const subject& s) {
  if (s.as<variance>()->outputs() == 0) return;
  in_each(settings_with_signal(s), [&](const process& p) {
    const trial t = trial_of(p, at::kDouble);
    const auto f = [&](const Tensor& raw) { return p.log_variance(raw, t.states.c); };
    need(!at::equal(f(t.raw), f(t.raw + 0.5)), "ln Σ of two outputs of the network", "equal numbers",
         "others, or outputs(): 0");
    need_derivative("ln Σ by the network's output", f, t.raw);
  });
}

}

law_list of_variance() {
  using namespace variance_laws;
  return {
      {"ln Σ is finite at every step and broadcasts to x.", is_a_number},
      {"A sample's ln Σ depends on its own row alone, whatever thread computes it.", works_by_sample},
      {"A variance with outputs() depends on them, and is differentiable in them.", is_differentiable},
  };
}

}

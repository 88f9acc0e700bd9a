#include "noneq/laws/detail/kernel_draws.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/law.hpp"

namespace noneq::laws {
namespace kernel_draws_laws {

constexpr std::int64_t many = 4000;  // enough for a fault of a few percent to exceed five standard errors

// One x⁰ many times, at the step with index i.
struct one_step {
  Tensor x0;
  coefficients c;
};
one_step at_step(const process& p, std::int64_t i) {
  const Tensor x0 = data_of(*p.kernel, 1, at::kDouble);
  sizes shape = x0.sizes().vec();
  shape[0] = many;
  const Tensor rows = x0.expand(shape).contiguous();
  return {rows, coefficients_at(p.tables, at::full({many}, i, at::kLong), rows)};
}

Tensor noise_of(const process& p, const Tensor& like, std::string_view purpose) {
  return p.kernel->noise(like.sizes().vec(), stream(17).fork(purpose), 0).to(like.scalar_type());
}

void draws_by_row(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    sizes shape = data_of(*p.kernel, 8, at::kFloat).sizes().vec();
    const Tensor all = p.kernel->noise(shape, stream(2), 0);
    need(all.dim() > 0 && all.size(0) == 8, "noise()", to_string(all.sizes().vec()), "8 rows");
    shape[0] = 3;
    need_equal("noise() of rows 4, 5 and 6 alone", p.kernel->noise(shape, stream(2), 4), all.slice(0, 4, 7));
    need(!at::equal(all, p.kernel->noise(all.sizes().vec(), stream(3), 0)), "noise() of two streams", "equal numbers",
         "others");
  });
}

void draws_states(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    for (const std::int64_t i : {std::int64_t{0}, p.steps() / 2, p.steps() - 1}) {
      const one_step x = at_step(p, i);
      const distribution d = p.kernel->marginal(x.x0, x.c);
      const Tensor drawn = p.kernel->sample(d, noise_of(p, x.x0, "states"));
      need(drawn.sizes() == x.x0.sizes() && drawn.scalar_type() == at::kDouble, "sample()",
           to_string(drawn.sizes().vec()), to_string(x.x0.sizes().vec()) + ", of the type of the location");
      p.kernel->check_data(drawn);
      p.kernel->check_data(p.kernel->most_likely(d));
    }
  });
}

// The means of −ln p over what is drawn from q, for p = q and for another p, depend on every number of both.
void draws_from_distribution(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const kernel& k = *p.kernel;
    for (const std::int64_t i : {std::int64_t{1}, p.steps() / 2, p.steps() - 1}) {
      const one_step x = at_step(p, i), before = at_step(p, i - 1);
      const distribution q = k.marginal(x.x0, x.c), other = k.marginal(before.x0, before.c);
      const std::string at = fmt::format(" at t = {}", i + 1);
      const auto first = [](const Tensor& each) { return each[0].item<double>(); };
      const Tensor drawn = k.sample(q, noise_of(p, x.x0, "own")), jumped = k.jump(x.x0, x.c, noise_of(p, x.x0, "jump"));
      need_mean("the mean of −ln q(x) over x from sample(q)" + at, -k.log_prob(drawn, q), first(k.entropy(q)));
      need_mean("the mean of −ln q(x) over x from jump()" + at, -k.log_prob(jumped, q), first(k.entropy(q)));
      need_mean("the mean of −ln p(x) over x from sample(q)" + at,
                -k.log_prob(k.sample(other, noise_of(p, x.x0, "other")), q), first(k.cross_entropy(other, q)));
      need_mean("the mean of p(x)/q(x) over x from sample(q)" + at,
                (k.log_prob(drawn, other) - k.log_prob(drawn, q)).exp(), 1);
    }
  });
}

void keeps_stationary(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const kernel& k = *p.kernel;
    const one_step x = at_step(p, p.steps() / 2);
    const distribution pi = k.stationary(x.x0);
    const Tensor before = k.sample(pi, noise_of(p, x.x0, "pi"));
    const Tensor after = k.sample(k.transition(before, x.c), noise_of(p, x.x0, "step"));
    need_mean("the mean of −ln π(x) after a step from x ~ π", -k.log_prob(after, pi), k.entropy(pi)[0].item<double>());
  });
}

void knows_most_likely(const subject& s) {
  in_each(kernel_settings(s), [&](const process& p) {
    const kernel& k = *p.kernel;
    const one_step x = at_step(p, p.steps() / 2);
    const distribution d = k.marginal(x.x0, x.c);
    const Tensor best = k.log_prob(k.most_likely(d), d), drawn = k.log_prob(k.sample(d, noise_of(p, x.x0, "any")), d);
    need_within("ln q of the most likely state, less that of a drawn one", best - drawn, -1e-9,
                std::numeric_limits<double>::infinity());
  });
}

}

std::vector<setting> kernel_settings(const subject& s) { return settings(s, twelve_steps()); }

chain walked(const process& p, std::int64_t rows_a_time) {
  using kernel_draws_laws::noise_of;
  const Tensor index = at::arange(1, p.steps(), at::kLong).repeat_interleave(rows_a_time);
  const kernel& k = *p.kernel;
  chain x;
  x.x0 = data_of(k, index.size(0), at::kDouble);
  x.c = coefficients_at(p.tables, index, x.x0);
  x.c_previous = coefficients_at(p.tables, index - 1, x.x0);
  x.previous = k.sample(k.marginal(x.x0, x.c_previous), noise_of(p, x.x0, "previous"));
  x.xt = k.sample(k.transition(x.previous, x.c), noise_of(p, x.x0, "next"));
  return x;
}

law_list of_kernel_draws() {
  using namespace kernel_draws_laws;
  return {
      {"Row k of the noise depends on the stream and k alone.", draws_by_row},
      {"Drawn states, and the most likely one, lie in the state space.", draws_states},
      {"sample() and jump() draw from the distributions that log_prob(), entropy() and cross_entropy() describe.",
       draws_from_distribution},
      {"A step leaves π as it is.", keeps_stationary},
      {"No state is more likely than most_likely().", knows_most_likely},
  };
}

}

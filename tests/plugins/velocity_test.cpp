// Flow matching: mean.velocity and schedule.rectified against closed forms. For data N(m, v) all of x⁰, ε and x_τ are
// jointly Gaussian, so the optimal prediction is known.
#include "closed_form.hpp"

using namespace noneq;
using namespace testing;
using testing::make_denoiser;

namespace {

const double m = 0.7, v = 0.3;

// E[x⁰|x_τ] and E[ε|x_τ].
struct best {
  Tensor x0, noise;
  best(const Tensor& x, const Tensor& tau) {
    const Tensor spread = (1 - tau).square() * v + tau.square(), off = x - (1 - tau) * m;
    x0 = m + (1 - tau) * v / spread * off;
    noise = tau / spread * off;
  }
  Tensor velocity() const { return noise - x0; }
};

process straight(std::int64_t T, const std::string& schedule = "rectified") {
  return make_process("gaussian", c10::str("{plugin: ", schedule, ", steps: ", T, "}"), "velocity", "fixed_small");
}

// τ of each sample [B, 1] by its own schedule.
Tensor tau_of(const coefficients& c) {
  return c.sqrt_one_minus_alpha_bar / (c.sqrt_alpha_bar + c.sqrt_one_minus_alpha_bar);
}

// Predicts the best velocity from nothing but what a network is given: x_τ and t.
denoiser best_flow(const process& p) {
  const auto T = static_cast<double>(p.steps());
  return make_denoiser(p, [T](const network_input& in) {
    return best(in.x, ((in.t + 1).to(in.x.scalar_type()) / T).unsqueeze(1)).velocity();
  });
}

}

TEST_CASE("x_τ, its velocity, x̂⁰ and ε̂ are those of the straight path, under every schedule") {
  for (const char* schedule : {"rectified", "linear", "cosine", "log_snr"}) {
    CAPTURE(schedule);
    const process p = straight(50, schedule);
    const Tensor x0 = stream(1).normal({50, 3}).to(at::kDouble), noise = stream(2).normal({50, 3}).to(at::kDouble);
    const coefficients c = coefficients_at(p.tables, at::arange(50, at::kLong), x0);
    const Tensor tau = tau_of(c), xt = p.kernel->jump(x0, c, noise);
    CHECK(largest(p.input(xt, c) - ((1 - tau) * x0 + tau * noise)) < 1e-12);
    const reverse_point here{xt, c, *p.kernel, c.log_beta_tilde};
    const Tensor z = p.mean->target(x0, noise, here);
    CHECK(at::equal(z, noise - x0));
    CHECK(largest(p.mean->x0(z, here) - x0) < 1e-12);
    CHECK(largest(p.mean->location(z, here) - p.kernel->posterior(x0, xt, c).location) < 1e-12);
    CHECK(p.mean->of_step(z, here, here).is_same(z));
  }
  const process p = straight(40);
  const coefficients c = coefficients_at(p.tables, at::arange(40, at::kLong), at::zeros({40, 1}, at::kDouble));
  CHECK(largest(tau_of(c).squeeze(1) - at::arange(1, 41, at::kDouble) / 40) < 1e-13);
}

TEST_CASE("the best velocity gives E[x⁰|x^t] and the best reverse step at every t, in all and in few steps") {
  const process p = straight(40);
  const denoiser d = best_flow(p);
  const Tensor x = stream(3).normal({40, 2}).to(at::kDouble);
  for (const auto& [of, kept] :
       {std::pair{d, std::vector<std::int64_t>{}}, {d.respaced({0, 9, 25, 39}), {0, 9, 25, 39}}}) {
    const std::int64_t steps = of.process().steps();
    const Tensor xt = x.slice(0, 0, steps);
    const auto got = of.predict(xt, at::arange(steps, at::kLong));
    const coefficients& c = got.c;
    const Tensor gain = c.sqrt_alpha_bar * v / (c.alpha_bar * v + c.one_minus_alpha_bar);
    const Tensor x0 = m + gain * (xt - c.sqrt_alpha_bar * m);
    CHECK(largest(got.x0 - x0) < 1e-10);
    CHECK(largest(got.reverse.location - (c.c1 * x0 + c.c2 * xt)) < 1e-10);
  }
}

TEST_CASE("a step of DDIM is Euler's step along the velocity") {
  const std::int64_t n = 50;
  const denoiser d = best_flow(straight(40));
  const auto s = make<sampler>("{plugin: ddim, grid: {plugin: listed, indices: [0, 7, 19, 31, 39]}}");
  auto r = testing::request(n, {1});
  r.start = stream(4).normal({n, 1}).to(at::kDouble);
  std::vector<std::pair<double, Tensor>> states;  // τ and x_τ
  r.visit = [&](std::int64_t t, const Tensor& x) {
    const double tau = static_cast<double>(t) / 40;
    states.emplace_back(tau, std::hypot(1 - tau, tau) * x);
  };
  s->sample(d, r);
  REQUIRE(states.size() == 6);
  for (std::size_t k = 1; k < states.size(); ++k) {
    const auto& [from, x] = states[k - 1];
    const auto& [to, next] = states[k];
    const Tensor z = best(x, at::full({n, 1}, from, at::kDouble)).velocity();
    CHECK(largest(next - (x + (to - from) * z)) < 1e-9);
  }
}

TEST_CASE("samples along the best velocity are the data, in whole steps and in continuous time") {
  for (const char* steps : {"200", "continuous"}) {
    CAPTURE(steps);
    const process p =
        make_process("gaussian", c10::str("{plugin: rectified, steps: ", steps, "}"), "velocity", "fixed_small");
    const Tensor x = make<sampler>("{plugin: heun, steps: 100}")->sample(best_flow(p), testing::request(20000, {1}));
    CHECK(mean_is(x, m));
    CHECK(mean_is((x - m).square(), v));
  }
}

TEST_CASE("rectified in continuous time ends in noise, and what a network is told stays finite") {
  const process p = make_process("gaussian", "{plugin: rectified, steps: continuous}", "velocity", "fixed_small");
  const Tensor index = at::tensor({0., 0.5, 998.5, 999.}, at::kDouble), x = at::ones({4, 1}, at::kDouble);
  const coefficients c = coefficients_at(p.tables, index, x);
  CHECK(largest(tau_of(c).squeeze(1) - (index + 1) / 1000) < 1e-13);
  CHECK(c.alpha_bar[3].item<double>() == 0);
  CHECK(p.log_snr(index).isfinite().all().item<bool>());
  CHECK(p.input(x, c).isfinite().all().item<bool>());
}

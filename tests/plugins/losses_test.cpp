#include <numbers>

#include "make.hpp"

using namespace noneq;
using namespace testing;

namespace {

batch noised(const process& p, const Tensor& x0, const Tensor& index) {
  batch b;
  b.set("x0", x0);
  b.set("t", index);
  b.set("noise", p.kernel->noise(x0.sizes().vec(), stream(2), 0).to(x0.scalar_type()));
  b.set("xt", p.kernel->sample(p.kernel->marginal(x0, coefficients_at(p.tables, index, x0)), b.at("noise")));
  return b;
}

// Each step of T = 20 once, three dimensions, float64.
batch each_step(const process& p) {
  return noised(p, stream(1).normal({20, 3}).to(at::kDouble), at::arange(20, at::kLong));
}

const char* const twenty = "{plugin: linear, steps: 20, last: 0.3}";

// What a network would give that believes in x0 + shift.
Tensor believing(const process& p, const batch& b, double shift) {
  const auto c = coefficients_at(p.tables, b.at("t"), b.at("xt"));
  const Tensor x0 = b.at("x0") + shift, eps = (b.at("xt") - c.sqrt_alpha_bar * x0) / c.sqrt_one_minus_alpha_bar;
  return p.mean->target(x0, eps, {b.at("xt"), c, *p.kernel, p.log_variance({}, c)});
}

}

TEST_CASE("the simple loss is 0 for a perfect network and the squared error for any other") {
  for (const std::string& name : gaussian_means) {
    CAPTURE(name);
    const auto p = make_process("gaussian", twenty, name, "fixed_small");
    batch b = each_step(p);
    const auto simple = make<loss>("simple");
    const Tensor z = believing(p, b, 0);
    b.set("output", z);
    CHECK(largest(simple->run(b, p)) < 1e-12);
    b.set("output", z + 2);
    CHECK(simple->run(b, p).sizes() == at::IntArrayRef({20}));
    CHECK(largest(simple->run(b, p) - 4) < 1e-5);
  }
}

TEST_CASE("a weighted simple loss is the same whatever the network predicts") {
  for (const char* weighting : {"min_snr", "p2"}) {
    Tensor first;
    for (const std::string& name : gaussian_means) {
      CAPTURE(name);
      const auto p = make_process("gaussian", twenty, name, "fixed_small");
      batch b = each_step(p);
      b.set("output", believing(p, b, 0.5));
      const Tensor l = make<loss>(c10::str("{plugin: simple, weighting: ", weighting, "}"))->run(b, p);
      if (!first.defined()) first = l;
      CHECK(largest(l / first - 1) < 1e-6);
    }
  }
}

TEST_CASE("the vlb is the simple loss in ε times ½(SNR_{t−1}/SNR_t − 1), summed over t") {
  const auto p = make_process("gaussian", twenty, "epsilon", "fixed_small");
  batch b = each_step(p);
  b.set("output", believing(p, b, 0.5));
  const Tensor simple = make<loss>("simple")->run(b, p), vlb = make<loss>("vlb")->run(b, p);
  const Tensor snr = p.tables.snr, w = 0.5 * (snr.narrow(0, 0, 19) / snr.narrow(0, 1, 19) - 1);
  CHECK(largest(vlb.narrow(0, 1, 19) / (20 * w * simple.narrow(0, 1, 19)) - 1) < 1e-9);
  // At t = 1 the reverse mean is x̂⁰ itself, half a unit off, with the variance of t = 2.
  const double log_variance = p.tables.log_beta_tilde_clipped[0].item<double>();
  const double density = -0.5 * (std::log(2 * std::numbers::pi) + log_variance + 0.25 / std::exp(log_variance));
  CHECK(vlb[0].item<double>() == doctest::Approx(-20 * density));
}

TEST_CASE("the vlb of a process whose schedule is learned has L_T too, which the schedule changes") {
  const auto fixed = make_process("gaussian", "{plugin: log_snr, steps: 20}", "epsilon", "fixed_small");
  auto learned = make_process("gaussian", "{plugin: learned, steps: 20}", "epsilon", "fixed_small");
  learned.tables = fixed.tables;
  learned.tables.beta = fixed.tables.beta.clone().requires_grad_(true);
  batch b = each_step(fixed);
  b.set("output", believing(fixed, b, 0.5));
  const auto vlb = make<loss>("vlb");
  CHECK(vlb->trains_schedule());
  const double left = fixed.tables.alpha_bar[19].item<double>();
  const Tensor L_T = 0.5 * (left * b.at("x0").square().mean(1) - left - std::log1p(-left));
  CHECK(largest(vlb->run(b, learned) - vlb->run(b, fixed) - L_T) < 1e-10);
}

TEST_CASE("with bins the last step is a probability: over all values it sums to 1") {
  const auto p = make_process("gaussian", twenty, "mean", "learned");
  const Tensor values = at::arange(256, at::kDouble).view({256, 1}) / 127.5 - 1;
  for (const double log_variance : {-9., -2.}) {
    batch b = noised(p, values, at::zeros({256}, at::kLong));
    b.set("output", at::cat({at::full({256, 1}, 0.31, at::kDouble), at::full({256, 1}, log_variance, at::kDouble)}, 1));
    const Tensor nats = make<loss>("{plugin: vlb, bins: 256}")->run(b, p) / 20;
    CHECK((-nats).exp().sum().item<double>() == doctest::Approx(1).epsilon(1e-8));
  }
  CHECK_THROWS_AS(make<loss>("{plugin: vlb, bins: 1}"), error);
  const auto bits = make_process("binomial", twenty, "x0");
  batch b = noised(bits, at::ones({2, 3}), at::zeros({2}, at::kLong));
  b.set("output", at::zeros({2, 3}));
  CHECK_NOTHROW(make<loss>("vlb")->run(b, bits));
  CHECK_NOTHROW(make<loss>("vlb")->check_process(bits));
  CHECK_THROWS_AS(make<loss>("{plugin: vlb, bins: 256}")->check_process(bits), error);
}

TEST_CASE("the bound wants of each dimension's learned Σ the variance of the reverse step there") {
  const auto p = make_process("gaussian", twenty, "x0", "learned");
  constexpr std::int64_t n = 100000;
  const Tensor v = at::tensor({0.1, 2.0}, at::kDouble), index = at::full({n}, 10, at::kLong);
  batch b = noised(p, v.sqrt() * stream(1).normal({n, 2}).to(at::kDouble), index);
  const auto c = coefficients_at(p.tables, index.narrow(0, 0, 1), b.at("xt"));
  const Tensor spread = c.alpha_bar * v + c.one_minus_alpha_bar;  // of x^t
  // Var(x^{t−1}|x^t), over which the network's x̂⁰ = E[x⁰|x^t] leaves the spread of x⁰.
  const Tensor whole = c.beta_tilde + c.c1.square() * v * c.one_minus_alpha_bar / spread;
  const Tensor off = at::tensor({0.0, 0.0, 0.5, -0.5}, at::kDouble).view({2, 2});
  for (const Tensor& d : off.unbind(0)) {
    const Tensor log_variance = (whole.log() + d).requires_grad_(true);
    b.set("output", at::cat({c.sqrt_alpha_bar * v / spread * b.at("xt"), log_variance.expand({n, 2})}, 1));
    make<loss>("vlb")->run(b, p).mean().backward();
    const Tensor expected = 20 * 0.5 * (1 - (-d).exp()) / 2;  // T times the mean over two dimensions
    CHECK(largest(log_variance.grad() - expected) < 20 * 4 * std::sqrt(2. / n));
  }
}

TEST_CASE("the hybrid loss trains the mean by the simple loss and the variance by the bound") {
  const auto p = make_process("gaussian", twenty, "epsilon", "learned_range");
  batch b = each_step(p);
  const Tensor start = 0.3 * stream(6).normal({20, 6}).to(at::kDouble);
  const auto gradient = [&](const char* yaml) {
    const Tensor output = start.clone().requires_grad_(true);
    b.set("output", output);
    make<loss>(yaml)->run(b, p).sum().backward();
    return output.grad();
  };
  const Tensor hybrid = gradient("{plugin: hybrid, lambda: 0.01}"), simple = gradient("simple"), vlb = gradient("vlb");
  CHECK(at::allclose(hybrid.narrow(1, 0, 3), simple.narrow(1, 0, 3)));
  CHECK(at::allclose(hybrid.narrow(1, 3, 3), 0.01 * vlb.narrow(1, 3, 3)));
  CHECK(largest(simple.narrow(1, 3, 3)) == 0);
}

TEST_CASE("bound: for x0 ~ N(0, 1) and the forward kernel run backwards, K is the null model's") {
  for (const char* schedule : {twenty, "{plugin: log_snr, steps: 20}", "{plugin: reciprocal, steps: 20}"}) {
    CAPTURE(schedule);
    const auto p = make_process("gaussian", schedule, "perturbation", "perturbation");
    const std::int64_t n = 40000;
    batch b = noised(p, stream(1).normal({n, 2}), at::arange(n, at::kLong).remainder(20));
    b.set("output", at::zeros({n, 4}));
    const Tensor l = make<loss>("bound")->run(b, p);
    // Rows of different t have different means: their scatter only widens the error.
    CHECK(mean_is(l, std::log(2 * M_PI * M_E)));
  }
}

TEST_CASE("bound: a perfect model of one bit reaches K* exactly, enumerated") {
  const double r = 0.3, data = 0.7;
  const std::int64_t T = 6;
  const auto p = make_process("{plugin: binomial, r: 0.3}", "{plugin: linear, steps: 6, first: 0.05, last: 0.4}", "x0");
  std::vector<double> x0s, xts, weights, logits;
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < T; ++i) {
    const double keep = p.tables.alpha_bar[i].item<double>();
    const auto q = [&](double xt, double x0) {
      const double one = keep * x0 + (1 - keep) * r;
      return xt == 1 ? one : 1 - one;
    };
    for (const double x0 : {0., 1.})
      for (const double xt : {0., 1.}) {
        x0s.push_back(x0), xts.push_back(xt), indices.push_back(i);
        weights.push_back((x0 == 1 ? data : 1 - data) * q(xt, x0) / static_cast<double>(T));
        logits.push_back(std::log(data * q(xt, 1)) - std::log((1 - data) * q(xt, 0)));
      }
  }
  batch b;
  b.set("x0", at::tensor(x0s, at::kDouble).unsqueeze(1));
  b.set("xt", at::tensor(xts, at::kDouble).unsqueeze(1));
  b.set("t", at::tensor(indices, at::kLong));
  b.set("output", at::tensor(logits, at::kDouble).unsqueeze(1));
  const double loss_mean = (make<loss>("bound")->run(b, p) * at::tensor(weights, at::kDouble)).sum().item<double>();

  // −K* = H_q(X¹) + KL(q(x^T)‖π) − E[ln π(x⁰) − ln π(x¹)].
  const auto cross = [](double a, double m) { return -a * std::log(m) - (1 - a) * std::log(1 - m); };
  const auto active = [&](std::int64_t i) {
    const double k = p.tables.alpha_bar[i].item<double>();
    return k * data + (1 - k) * r;
  };
  const double first = active(0), last = active(T - 1);
  const double expected = cross(first, first) + cross(last, r) - cross(last, last) + cross(data, r) - cross(first, r);
  CHECK(loss_mean == doctest::Approx(expected).epsilon(1e-10));
}

// Of the bound for a process with a learned schedule: a variance that the network does not predict follows β.
static void check_schedule_gradient(const char* mean_name, const char* variance_name) {
  CAPTURE(mean_name);
  CAPTURE(variance_name);
  const auto p = make_process("gaussian", "{plugin: learned, steps: 20, bumps: 4}", mean_name, variance_name);
  const auto bound = make<loss>("bound");
  CHECK(bound->trains_schedule());
  const Tensor c = p.schedule->learnable()[0].leaf,
               output = 0.3 * stream(6).normal({20, 3 * p.outputs()}).to(at::kDouble);
  const auto value = [&] {
    const process now = p.refreshed();
    batch b = each_step(now);
    b.set("output", output);
    return bound->run(b, now).mean();
  };
  value().backward();
  const double h = 1e-5;
  for (int j = 0; j < 4; ++j) {
    at::NoGradGuard values_only;
    c[j] += h;
    const double up = value().item<double>();
    c[j] -= 2 * h;
    const double down = value().item<double>();
    c[j] += h;
    CHECK(c.grad()[j].item<double>() == doctest::Approx((up - down) / (2 * h)).epsilon(1e-5));
    CHECK(std::abs(c.grad()[j].item<double>()) > 1e-6);
  }
}

TEST_CASE("bound: its gradient reaches a learned schedule, and is that of finite differences") {
  for (const char* mean_name : {"epsilon", "v", "decay"})
    for (const char* variance_name : {"fixed_small", "fixed_large", "learned", "learned_range", "perturbation"})
      check_schedule_gradient(mean_name, variance_name);
}

TEST_CASE("bound: nothing is lost when t = 1 is never drawn") {
  const auto p = make_process("gaussian", twenty, "epsilon", "fixed_small");
  const auto bound = make<loss>("bound");
  const auto weighted = [&](const char* sampler) {
    // 19·20 evenly spaced draws are exactly uniform over either range.
    const auto d = make<time_sampler>(sampler)->draw(380, p, stream(1));
    batch b = noised(p, at::full({380, 1}, 0.5, at::kDouble), d.index);
    b.set("xt", at::full({380, 1}, 0.2, at::kDouble));
    b.set("output", at::zeros({380, 1}, at::kDouble));
    return (d.weight * bound->run(b, p)).mean().item<double>();
  };
  CHECK(weighted("{plugin: antithetic, first: 2}") == doctest::Approx(weighted("antithetic")).epsilon(1e-6));
}

// Samplers against closed forms: exact denoisers of Gaussian data, and numbers of a published implementation.
#include "closed_form.hpp"
#include "noneq/diffusion/gaussian.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::gaussian_denoiser;
using testing::make;
using testing::make_denoiser;
using testing::make_process;
using testing::message_of;
using testing::of_schedule;
using testing::request;
using testing::says;

namespace {

// The exact Σ of p(x^{t−1}|x^t) for data N(m, variance): that of the posterior, and of what x^t leaves open of x⁰.
struct exact_variance : noneq::variance {
  Tensor data;
  explicit exact_variance(Tensor v) : data(std::move(v)) {}
  std::int64_t outputs() const override { return 0; }
  Tensor log_variance(const Tensor&, const noneq::coefficients& c, std::int64_t) const override {
    const Tensor open = data * c.one_minus_alpha_bar / (c.alpha_bar * data + c.one_minus_alpha_bar);
    return (c.beta_tilde + c.c1.square() * open).log();
  }
};

// The Gaussian kernel, starting from a given x^T.
struct given_start : noneq::kernel {
  std::shared_ptr<const noneq::kernel> of = make<noneq::kernel>("gaussian");
  Tensor start;
  bool has_variance() const override { return true; }
  Tensor noise(const sizes&, const stream&, std::int64_t) const override { return start; }
  Tensor sample(const noneq::distribution& d, const Tensor& n) const override { return of->sample(d, n); }
  Tensor most_likely(const noneq::distribution& d) const override { return of->most_likely(d); }
  noneq::distribution stationary(const Tensor& x) const override { return of->stationary(x); }
  noneq::distribution transition(const Tensor& x, const noneq::coefficients& c) const override {
    return of->transition(x, c);
  }
  noneq::distribution marginal(const Tensor& x, const noneq::coefficients& c) const override {
    return of->marginal(x, c);
  }
  noneq::distribution posterior(const Tensor& x, const Tensor& y, const noneq::coefficients& c) const override {
    return of->posterior(x, y, c);
  }
  Tensor log_prob(const Tensor& x, const noneq::distribution& d) const override { return of->log_prob(x, d); }
  Tensor kl(const noneq::distribution& q, const noneq::distribution& p) const override { return of->kl(q, p); }
  Tensor entropy(const noneq::distribution& d) const override { return of->entropy(d); }
  Tensor cross_entropy(const noneq::distribution& q, const noneq::distribution& p) const override {
    return of->cross_entropy(q, p);
  }
  Tensor log_marginal_of_atoms(const Tensor& x, const Tensor& a, double v,
                               const noneq::coefficients& c) const override {
    return of->log_marginal_of_atoms(x, a, v, c);
  }
  noneq::distribution matched(const Tensor& w, const Tensor& a, double v, const Tensor& x,
                              const noneq::coefficients& c) const override {
    return of->matched(w, a, v, x, c);
  }
  void check_data(const Tensor& x) const override { of->check_data(x); }
};

const char* const fast = "{plugin: linear, steps: 100, first: 1.0e-4, last: 0.2}";

}

TEST_CASE("samples do not depend on the chunks they are drawn in") {
  const auto d = gaussian_denoiser(of_schedule(fast), at::zeros({3}), at::full({3}, 0.5f));
  for (const char* name :
       {"ancestral", "{plugin: ancestral, steps: 7}", "{plugin: ddim, eta: 0.5}", "{plugin: ddim, steps: 9, eta: 1}"}) {
    const auto s = make<noneq::sampler>(name);
    const Tensor whole = s->sample(d, request(21, {3}));
    CHECK(whole.sizes().vec() == sizes{21, 3});
    CHECK((whole.scalar_type() == at::kFloat));
    for (const std::int64_t chunk : {3, 7}) {
      std::vector<Tensor> parts;
      for (std::int64_t k = 0; k < 21; k += chunk) parts.push_back(s->sample(d, request(chunk, {3}, k)));
      CHECK(at::allclose(at::cat(parts), whole, 1e-6, 1e-7));
    }
  }
}

TEST_CASE("ancestral sampling with exact reverse steps gives the data's mean and covariance") {
  const Tensor mean = at::tensor({1.f, -0.5f}), variance = at::tensor({0.25f, 2.f});
  auto p = of_schedule(fast);
  p.variance = std::make_shared<exact_variance>(variance);
  const std::int64_t n = 40000;
  const Tensor x =
      make<noneq::sampler>("ancestral")->sample(gaussian_denoiser(p, mean, variance), request(n, {2})).to(at::kDouble);
  const double error = 4 / std::sqrt(static_cast<double>(n));
  const Tensor centred = x - x.mean(0), covariance = centred.t().matmul(centred) / static_cast<double>(n);
  for (const std::int64_t i : {0, 1}) {
    const double v = variance[i].item<double>();
    CHECK(std::abs(x.mean(0)[i].item<double>() - mean[i].item<double>()) < error * std::sqrt(v));
    CHECK(std::abs(covariance[i][i].item<double>() / v - 1) < error * std::sqrt(2.) + 1e-3);
  }
  CHECK(std::abs(covariance[0][1].item<double>()) < error * std::sqrt(0.5));
}

TEST_CASE("ancestral sampling of bits gives their probabilities") {
  // Independent bits: logit P(x⁰=1|x^t) = logit P + ln q(x^t|1)/q(x^t|0).
  const Tensor probability = at::tensor({0.1f, 0.8f});
  auto p = make_process("{plugin: binomial, r: 0.3}", "{plugin: reciprocal, steps: 40}", "x0");
  const auto tables = p.tables;
  const auto d = make_denoiser(p, [&, tables](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(tables, in.t, in.x);
    const Tensor one = c.alpha_bar + c.one_minus_alpha_bar * 0.3, zero = c.one_minus_alpha_bar * 0.3;
    return probability.logit() + at::where(in.x > 0.5, (one / zero).log(), ((1 - one) / (1 - zero)).log());
  });
  const std::int64_t n = 20000;
  const Tensor x = make<noneq::sampler>("ancestral")->sample(d, request(n, {2}));
  CHECK(((x == 0) | (x == 1)).all().item<bool>());
  // At t = 1 the likelier value is taken, which is wrong in at most min(P, 1−P) · ᾱ-share of a last step's flips.
  CHECK((x.mean(0) - probability).abs().max().item<double>() < 4 * 0.5 / std::sqrt(static_cast<double>(n)) + 0.02);
  CHECK(says(message_of([&] { make<noneq::sampler>("{plugin: ancestral, clip: true}")->sample(d, request(2, {2})); }),
             "clip got true for a kernel of discrete states"));
}

TEST_CASE("clipping holds x⁰ within its limits") {
  const auto d = gaussian_denoiser(of_schedule(fast), at::zeros({2}), at::full({2}, 9.f));
  for (const std::string name : {"ancestral", "ddim"}) {
    const Tensor x = make<noneq::sampler>("{plugin: " + name + ", clip: true, clip_low: -0.5, clip_high: 0.25}")
                         ->sample(d, request(200, {2}));
    CHECK(x.min().item<double>() == doctest::Approx(-0.5));
    CHECK(x.max().item<double>() == doctest::Approx(0.25));
    CHECK(says(message_of([&] { make<noneq::sampler>("{plugin: " + name + ", clip_low: 1, clip_high: 1}"); }),
               "clip_low got 1, need less than clip_high"));
  }
}

TEST_CASE("deterministic DDIM of N(0, 1) data is a rotation, step by step") {
  auto p = of_schedule(fast);
  const auto d = gaussian_denoiser(p, at::zeros({1}), at::ones({1}));
  Tensor start, end;
  auto r = request(50, {1});
  r.visit = [&](std::int64_t t, const Tensor& x) { (t == 100 ? start : end) = x; };
  const Tensor x = make<noneq::sampler>("ddim")->sample(d, r);
  CHECK(end.equal(x));
  // √ᾱ = cos θ: x^{t−1} = cos(θ_t − θ_{t−1}) x^t.
  const Tensor angle = at::cat({at::zeros({1}, at::kDouble), p.tables.alpha_bar.sqrt().acos()});
  const double factor = angle.diff().cos().prod().item<double>();
  CHECK(at::allclose(x, start * factor, 1e-4, 1e-5));
}

TEST_CASE("DDIM with eta 1 draws from the same distributions as ancestral sampling with the small variance") {
  const auto d = gaussian_denoiser(of_schedule(fast), at::zeros({2}), at::full({2}, 0.5f));
  const Tensor a = make<noneq::sampler>("ancestral")->sample(d, request(100, {2}));
  const Tensor b = make<noneq::sampler>("{plugin: ddim, eta: 1}")->sample(d, request(100, {2}));
  CHECK(at::allclose(a, b, 1e-3, 1e-4));
}

TEST_CASE("DDIM gives the numbers of the published implementation") {
  // diffusers 0.14.0, DDIMScheduler, η = 0, no clipping; ε(x, t) = tanh(x)/2 + sin(t/100)/10, timesteps 900, 800, …, 0.
  auto kernel = std::make_shared<given_start>();
  kernel->start = at::tensor({-0.1467950974849952, 0.7861412987235358, 0.9468216090039564}, at::kDouble).unsqueeze(0);
  const auto run = [&](const std::string& schedule) {
    auto p = of_schedule(schedule);
    p.kernel = kernel;
    const auto d = make_denoiser(p, [](const noneq::network_input& in) {
      return in.x.tanh() / 2 + 0.1 * (in.t.to(at::kDouble) / 100).sin().unsqueeze(1);
    });
    return make<noneq::sampler>("ddim")->sample(d.respaced({0, 100, 200, 300, 400, 500, 600, 700, 800, 900}),
                                                request(1, {3}));
  };
  const Tensor linear = at::tensor({-3.159604320917079, 21.375122173769963, 29.26857853817755}, at::kDouble);
  const Tensor cosine = at::tensor({-0.4350672175610577, 2.3522911418800105, 3.1919169924555497}, at::kDouble);
  CHECK(at::allclose(run("{plugin: linear, steps: 1000}")[0], linear, 1e-6, 0));
  CHECK(at::allclose(run("{plugin: cosine, steps: 1000}")[0], cosine, 1e-6, 0));
}

TEST_CASE("few steps: the kept ones are visited, under their own t, and each step keeps its own noise") {
  const auto p = of_schedule("{plugin: linear, steps: 1000}");
  std::vector<std::int64_t> asked, visited;
  const auto d = make_denoiser(p, [&](const noneq::network_input& in) {
    asked.push_back(in.t[0].item<std::int64_t>());
    return in.x * 0;
  });
  auto r = request(2, {2});
  r.visit = [&](std::int64_t t, const Tensor&) { visited.push_back(t); };
  for (const char* name : {"{plugin: ancestral, steps: 10}", "{plugin: ddim, steps: 10}"}) {
    asked.clear(), visited.clear();
    make<noneq::sampler>(name)->sample(d, r);
    CHECK(asked == std::vector<std::int64_t>{999, 888, 777, 666, 555, 444, 333, 222, 111, 0});
    CHECK(visited == std::vector<std::int64_t>{1000, 889, 778, 667, 556, 445, 334, 223, 112, 1, 0});
    CHECK(says(message_of([&] { make<noneq::sampler>("{plugin: ddim, steps: 1001}")->sample(d, r); }),
               "need at most the schedule's T"));
  }
}

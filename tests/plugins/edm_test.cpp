// The preconditioning of Karras et al. 2022 (eq. 7 and table 1) in the places that a prediction and a network have for
// it: D(x_σ) = c_skip x_σ + c_out F(c_in x_σ; c_noise), where x_σ = x⁰ + σε = x^t/√ᾱ.
#include "closed_form.hpp"

using namespace noneq;
using namespace testing;

namespace {

const double sigma_data = 0.5;

struct coefficients_of_sigma {
  Tensor c_skip, c_out, c_in, c_noise;
  explicit coefficients_of_sigma(const Tensor& sigma) {
    const Tensor sum = sigma.square() + sigma_data * sigma_data;
    c_skip = sigma_data * sigma_data / sum;
    c_out = sigma * sigma_data / sum.sqrt();
    c_in = 1 / sum.sqrt();
    c_noise = sigma.log() / 4;
  }
};

struct edm : gaussian_mean {
  static Tensor sigma(const coefficients& c) { return c.sqrt_one_minus_alpha_bar / c.sqrt_alpha_bar; }
  static coefficients_of_sigma of(const coefficients& c) { return coefficients_of_sigma(sigma(c)); }

  Tensor input(const Tensor& xt, const coefficients& c) const override { return of(c).c_in * xt / c.sqrt_alpha_bar; }
  Tensor x0(const Tensor& z, const reverse_point& at) const override {
    const auto k = of(at.c);
    return k.c_skip * at.xt / at.c.sqrt_alpha_bar + k.c_out * z;
  }
  Tensor target(const Tensor& x0, const Tensor&, const reverse_point& at) const override {
    const auto k = of(at.c);
    return (x0 - k.c_skip * at.xt / at.c.sqrt_alpha_bar) / k.c_out;
  }
  Tensor epsilon_error(const reverse_point& at) const override { return (of(at.c).c_out / sigma(at.c)).square(); }
};

process made() {
  process p = make_process("gaussian", "{plugin: log_snr, steps: 60}", "v", "fixed_small");
  p.mean = std::make_shared<edm>();
  return p;
}

// The best F for data N(m, s²), from nothing but what a network is given: c_in x_σ and ln SNR.
denoiser best_denoiser(double m, double s, std::function<void(const network_input&)> look = {}) {
  return testing::make_denoiser(made(), [=](const network_input& in) {
    if (look) look(in);
    const Tensor c_noise = (-in.log_snr / 8).to(at::kDouble).unsqueeze(1), sigma = (4 * c_noise).exp();
    const coefficients_of_sigma k(sigma);
    const Tensor x = in.x / k.c_in, best = (s * s * x + sigma.square() * m) / (s * s + sigma.square());
    return (best - k.c_skip * x) / k.c_out;
  });
}

}

TEST_CASE("EDM: the network is given inputs and targets of unit variance, and c_noise is −ln SNR/8") {
  const process p = made();
  const std::int64_t n = 20000;
  for (const std::int64_t i : {0, 20, 40, 59}) {
    CAPTURE(i);
    const Tensor x0 = sigma_data * stream(1).normal({n, 1}).to(at::kDouble),
                 noise = stream(2).normal({n, 1}).to(at::kDouble), index = at::full({n}, i, at::kLong);
    const coefficients c = coefficients_at(p.tables, index, x0);
    const Tensor xt = p.kernel->jump(x0, c, noise);
    CHECK(mean_is(p.input(xt, c).square(), 1));
    CHECK(mean_is(p.mean->target(x0, noise, {xt, c, *p.kernel}).square(), 1));
    CHECK(largest(-p.log_snr(index) / 8 - edm::of(c).c_noise.squeeze(1)) < 1e-6);
    // λ‖D − x⁰‖² with λ = 1/c_out² is the plain squared error of F; in ε it is that times (c_out/σ)².
    const Tensor z = stream(3).normal({n, 1}).to(at::kDouble);
    const reverse_point here{xt, c, *p.kernel};
    const Tensor error = (p.mean->x0(z, here) - x0) / edm::of(c).c_out;
    CHECK(largest(error - (z - p.mean->target(x0, noise, here))) < 1e-8);
  }
}

TEST_CASE("EDM: with the best F, D is E[x⁰|x^t], and samples are the data") {
  const double m = 0.4, s = 0.5;
  sizes given;
  const denoiser d = best_denoiser(m, s, [&](const network_input& in) { given = in.x.sizes().vec(); });
  const Tensor xt = stream(4).normal({60, 2}).to(at::kDouble);
  const auto got = d.predict(xt, at::arange(60, at::kLong));
  const Tensor gain = got.c.sqrt_alpha_bar * s * s / (got.c.alpha_bar * s * s + got.c.one_minus_alpha_bar);
  CHECK(largest(got.x0 - (m + gain * (xt - got.c.sqrt_alpha_bar * m))) < 1e-5);
  CHECK(given == sizes{60, 2});
  auto r = testing::request(20000, {1});
  r.start = stream(5).normal({20000, 1}).to(at::kDouble);
  const Tensor x = make<sampler>("heun")->sample(d, r);
  CHECK(std::abs(x.mean().item<double>() - m) < 4 * s / std::sqrt(20000.) + 0.01);
  CHECK(std::abs(x.std().item<double>() - s) < 4 * s / std::sqrt(40000.) + 0.01);
}

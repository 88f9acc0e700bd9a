// The likelihood by the probability flow ODE against densities known in closed form.
#include <numbers>

#include "measuring.hpp"
#include "plugins/message.hpp"

using noneq::bits;
using noneq::Tensor;
using testing::data_in_memory;
using testing::gaussian_denoiser;
using testing::message_of;
using testing::says;

namespace {

// So little signal at t = T that π is what the exact flow ends in.
noneq::process smooth(int steps = 500) {
  return testing::make_process(
      "gaussian", "{plugin: log_snr, steps: " + std::to_string(steps) + ", first_beta: 1.0e-3, last_alpha_bar: 1.0e-9}",
      "epsilon", "fixed_small");
}

const Tensor data_mean = at::tensor({0.7f, -0.2f, 0.1f}), data_variance = at::tensor({0.25f, 0.6f, 1.5f});

data_in_memory gaussian_rows(std::int64_t n) {
  return data_in_memory({{"test", data_mean + data_variance.sqrt() * noneq::stream(3).normal({n, 3})}});
}

// ln N(x; mean, variance + σ²/α² at t = 1) of each row, in nats.
Tensor true_log_density(const noneq::process& p, const Tensor& x) {
  const Tensor v = data_variance.to(at::kDouble) + 1 / p.tables.snr[0];
  return -0.5 * ((x - data_mean).square() / v + (2 * std::numbers::pi * v).log()).sum(1);
}

Tensor nats(const testing::found& r) { return r.arrays.at("log_likelihood") * noneq::nats_per_bit; }

}

TEST_CASE("with the exact score and the exact trace the likelihood is the density of the smoothed data") {
  const auto p = smooth();
  auto data = gaussian_rows(40);
  const auto r = testing::measure("{plugin: likelihood, trace: exact, chunk: 15}",
                                  gaussian_denoiser(p, data_mean, data_variance), data);
  const Tensor expected = true_log_density(p, data.rows.at("test"));
  CHECK(testing::largest(nats(r) - expected) < 1e-3);
  const auto& record = r.at("log_likelihood");
  CHECK(record.value == doctest::Approx(bits(expected.mean().item<double>())).epsilon(1e-4));
  CHECK(record.standard_error == doctest::Approx(bits(noneq::estimate_mean(expected).stderr)).epsilon(1e-3));
  CHECK(record.unit == "bits/sample");
  CHECK(record.on == "test");
  CHECK(record.n == 40);
  CHECK(r.at("likelihood_bits_per_dim").value == doctest::Approx(-record.value / 3));
  CHECK(r.arrays.at("stopped_at").eq(500).all().item<bool>());
}

TEST_CASE("random signs estimate the trace within their error, and exactly where dimensions do not mix") {
  const auto p = smooth();
  auto data = gaussian_rows(60);
  // The Jacobian of independent dimensions is diagonal, where zᵀJz is the trace for any signs z.
  const auto alone = gaussian_denoiser(p, data_mean, data_variance);
  const Tensor exact = nats(testing::measure("{plugin: likelihood, trace: exact}", alone, data));
  CHECK(testing::largest(nats(testing::measure("{plugin: likelihood, probes: 1}", alone, data)) - exact) < 1e-3);

  // Any network has a flow, and a density; this one mixes its dimensions.
  const auto mixing = testing::make_denoiser(p, [inner = alone](const noneq::network_input& in) {
    const Tensor turned = in.x.index_select(1, at::tensor({1, 2, 0}, at::kLong));
    return inner.network().forward(in) + 0.3 * (in.x + 2 * turned).tanh();
  });
  const auto truth = testing::measure("{plugin: likelihood, trace: exact}", mixing, data),
             guess = testing::measure("{plugin: likelihood, probes: 4}", mixing, data);
  const Tensor off = nats(guess) - nats(truth);
  const double error = guess.at("trace_error").value * noneq::nats_per_bit;
  CHECK(error > 0.01);
  CHECK(std::abs(off.mean().item<double>()) < 4 * error);
  CHECK(off.std().item<double>() > 0.5 * error * std::sqrt(60.));
  CHECK(off.std().item<double>() < 2 * error * std::sqrt(60.));
}

TEST_CASE("half the tolerance, less error; and no row depends on its neighbours") {
  // So many steps that the error of what lies between them does not show.
  const auto p = smooth(20000);
  auto data = gaussian_rows(10);
  const auto d = gaussian_denoiser(p, data_mean, data_variance);
  const auto of = [&](const std::string& more) {
    return nats(testing::measure("{plugin: likelihood, trace: exact, " + more + "}", d, data));
  };
  const Tensor expected = true_log_density(p, data.rows.at("test"));
  double before = INFINITY;
  for (const std::string t : {"3.2e-3", "1.6e-3", "8.0e-4", "4.0e-4", "2.0e-4", "1.0e-4"}) {
    const double error = (of("absolute: " + t + ", relative: " + t) - expected).square().mean().sqrt().item<double>();
    INFO("error " << error << " at " << t);
    CHECK(error < before);
    before = error;
  }
  CHECK(before < 1e-4);
  CHECK(testing::largest(of("chunk: 1") - of("chunk: 10")) < 1e-9);
}

TEST_CASE("of data with bins it is the probability of a bin, wide enough to see") {
  const auto p = smooth();
  data_in_memory data({{"test", at::zeros({4000, 3}) + data_mean}});
  data.known.bin_width = 0.5;
  const auto r = testing::measure("{plugin: likelihood, trace: exact, chunk: 2000, absolute: 1.0e-4, relative: 1.0e-4}",
                                  gaussian_denoiser(p, data_mean, data_variance), data);
  // E_u ln p(mean + w(u − ½)) + ln w with E(w(u − ½))² = w²/12.
  const Tensor v = data_variance.to(at::kDouble) + 1 / p.tables.snr[0];
  const double expected =
      (-0.5 * (0.25 / 12 / v + (2 * std::numbers::pi * v).log()) + std::log(0.5)).sum().item<double>();
  const auto& record = r.at("log_likelihood");
  CHECK(std::abs(record.value - bits(expected)) < 4 * record.standard_error + 1e-3);
  CHECK(record.standard_error < 0.01);
}

TEST_CASE("of two values a variational dequantisation finds the entropy, which a uniform one misses by its width") {
  // x⁰ is −1 or 1, so the density at t = 1 has a Gaussian of deviation tan φ_1 = 0.1 in each bin of width 2.
  const auto p = testing::make_process("gaussian",
                                       "{plugin: log_snr, steps: 1000, first_beta: 0.00990099, last_alpha_bar: 1.0e-9}",
                                       "x0", "fixed_small");
  const double sigma = std::sqrt(1 / p.tables.snr[0].item<double>());
  REQUIRE(sigma == doctest::Approx(0.1).epsilon(1e-4));
  const auto d = testing::make_denoiser(p, [t = p.tables](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(t, in.t, in.x);
    return at::tanh(in.x * c.sqrt_alpha_bar / c.one_minus_alpha_bar);  // E[x⁰|x^t] of the two, equally likely
  });
  const Tensor both = at::tensor({-1.0f, 1.0f}).repeat({300}).view({600, 1});
  data_in_memory data({{"train", both}, {"test", both}});
  data.known.bin_width = 2;
  const auto measured = [&](const std::string& more) {
    return testing::measure("{plugin: likelihood, trace: exact, chunk: 300" + more + "}", d, data);
  };
  const auto &fitted = measured(", dequantisation: variational, fit: 64"), &uniform = measured("");
  CHECK(fitted.at("dequantisation_spread").value == doctest::Approx(sigma / 2));
  CHECK(std::abs(fitted.at("log_likelihood").value - -1) < 5e-3);
  // E_q ln N(u; 0, σ²) for uniform u in ±1, less ln q = −ln 2, beside one bit for which of the two.
  const double missed = -1 / (6 * sigma * sigma) - std::log(sigma * std::sqrt(2 * std::numbers::pi)) + std::log(2.);
  const auto& record = uniform.at("log_likelihood");
  CHECK(std::abs(record.value - (bits(missed) - 1)) < 4 * record.standard_error);
  CHECK(says(message_of([&] {
               auto plain = gaussian_rows(4);
               testing::measure("{plugin: likelihood, dequantisation: variational}", d, plain);
             }),
             "got variational for data without bins"));
}

TEST_CASE("rows whose ODE does not end are named, and count with their variational bound") {
  const auto p = smooth();
  auto data = gaussian_rows(12);
  data.rows.at("test")[5].fill_(40);
  // The flow of far points is made stiff.
  const auto d = testing::make_denoiser(
      p, [inner = gaussian_denoiser(p, data_mean, data_variance)](const noneq::network_input& in) {
        const Tensor far = (in.x.abs().amax(1, true) > 20).to(in.x.scalar_type());
        return inner.network().forward(in) + far * (300 * in.x).sin();
      });
  const auto r = testing::measure("{plugin: likelihood, trace: exact, max_steps: 150}", d, data);
  CHECK(r.at("log_likelihood").n == 12);
  CHECK(r.at("not_converged").value == 1);
  const double stopped = r.at("t_of_row_5").value;
  CHECK(stopped >= 1);
  CHECK(stopped < 500);
  CHECK(r.arrays.at("stopped_at")[5].item<double>() == stopped);
  const Tensor all = r.arrays.at("log_likelihood");
  CHECK(all.mean().item<double>() == doctest::Approx(r.at("log_likelihood").value));
  CHECK(all[5].isfinite().item<bool>());
  CHECK(all[5].item<double>() < -1000);
  // Where no row ends, all count so; each draws its noise anew.
  data = gaussian_rows(400);
  const auto exact = gaussian_denoiser(p, data_mean, data_variance);
  const auto by_bound = testing::measure("{plugin: likelihood, samples: 400, trace: exact, max_steps: 3}", exact, data);
  const auto vlb = testing::measure("{plugin: bound, samples: 400}", exact, data).at("vlb");
  CHECK(by_bound.at("not_converged").value == 400);
  const auto& record = by_bound.at("likelihood_bits_per_dim");
  CHECK(std::abs(record.value - vlb.value) < 4 * vlb.standard_error);
}

TEST_CASE("what cannot be measured so is refused") {
  const auto fault = [](const std::string& yaml, const noneq::sizes& shape) {
    return message_of([&] {
      data_in_memory data({{"train", at::zeros(shape)}});
      testing::measure(yaml, gaussian_denoiser(smooth(), data_mean, data_variance), data);
    });
  };
  CHECK(fault("{plugin: likelihood, trace: exact}", {2, 3, 10, 10}) ==
        "trace: got exact for samples of 300 numbers, need hutchinson above 256");
  CHECK(says(fault("{plugin: likelihood, split: test}", {2, 3}), "split: got 'test', but the data has train only"));
  const auto one = smooth().respaced({250});
  data_in_memory data({{"train", at::zeros({2, 3})}});
  CHECK(message_of([&] { testing::measure("likelihood", gaussian_denoiser(one, data_mean, data_variance), data); }) ==
        "got a schedule of 1 step, need at least 2 to integrate between");
  CHECK(testing::built_plugins().find("metric", "likelihood").spaces == std::vector<std::string>{"gaussian"});
}

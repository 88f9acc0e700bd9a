// Bits per dimension of data with few values and the best denoiser, against integrals done here another way.
#include <numbers>

#include "measuring.hpp"
#include "plugins/message.hpp"

using noneq::Tensor;
using testing::data_in_memory;
using testing::message_of;
using testing::says;

namespace {

// Four values on the grid of bins, not equally often.
const std::vector<double> values{-1, -1. / 3, 1. / 3, 1}, share{0.4, 0.3, 0.2, 0.1};
constexpr double half_bin = 1. / 3;

noneq::process process_of(const std::string& schedule) {
  return testing::make_process("gaussian", schedule, "x0", "fixed_small");
}
const std::string few = "{plugin: linear, steps: 6, first: 0.02, last: 0.7}",
                  many = "{plugin: linear, steps: 150, first: 0.002, last: 0.2}",
                  twice = "{plugin: linear, steps: 300, first: 0.001, last: 0.1}";

// E[x⁰|x^t] for one dimension.
Tensor best(const Tensor& x, const Tensor& sqrt_alpha_bar, const Tensor& variance) {
  Tensor sum = at::zeros_like(x), mean = at::zeros_like(x);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const Tensor w = share[k] * (-(x - sqrt_alpha_bar * values[k]).square() / (2 * variance)).exp();
    sum = sum + w;
    mean = mean + w * values[k];
  }
  return mean / sum;
}

data_in_memory rows(std::int64_t n) {
  std::vector<Tensor> all;
  for (std::size_t k = 0; k < values.size(); ++k)
    all.push_back(at::full({static_cast<std::int64_t>(share[k] * static_cast<double>(n)), 1}, values[k]));
  data_in_memory data({{"test", at::cat(all)}});
  data.known.bin_width = 2 * half_bin;
  return data;
}

noneq::denoiser exact(const std::string& schedule = few) {
  const noneq::process p = process_of(schedule);
  const noneq::tables t = p.tables;
  return testing::make_denoiser(p, [t](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(t, in.t, in.x);
    return best(in.x, c.sqrt_alpha_bar, c.one_minus_alpha_bar);
  });
}

double entropy() {  // bits
  double sum = 0;
  for (const double p : share) sum -= p * std::log2(p);
  return sum;
}

struct terms {
  double L_T = 0, kl = 0, L_0 = 0;  // nats
};

// By the rectangle rule over x^t, at every x⁰ and t, from the formulas of Ho et al. 2020 (eq. 5, 7 and 13).
terms integrated(const std::string& schedule) {
  const noneq::tables tables = process_of(schedule).tables;
  const auto at = [](const Tensor& t, std::int64_t i) { return t[i].item<double>(); };
  const auto Phi = [](double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); };
  const std::int64_t T = tables.steps();
  terms sum;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double x0 = values[k], last = at(tables.alpha_bar, T - 1);
    sum.L_T += share[k] * 0.5 * (last * x0 * x0 - last - std::log1p(-last));
    for (std::int64_t i = 0; i < T; ++i) {
      const double alpha_bar = at(tables.alpha_bar, i), variance = 1 - alpha_bar, root = std::sqrt(alpha_bar);
      const Tensor x =
          at::linspace(root * x0 - 9 * std::sqrt(variance), root * x0 + 9 * std::sqrt(variance), 2001, at::kDouble);
      const double step = (x[1] - x[0]).item<double>();
      const Tensor density = (-(x - root * x0).square() / (2 * variance)).exp() /
                             std::sqrt(2 * std::numbers::pi * variance) * (share[k] * step);
      const Tensor guess = best(x, at::scalar_tensor(root, at::kDouble), at::scalar_tensor(variance, at::kDouble));
      if (i == 0) {
        const double sigma = std::sqrt(at(tables.beta_tilde, 1));
        for (std::int64_t j = 0; j < x.size(0); ++j) {
          const double mu = guess[j].item<double>();
          const double above = k == 3 ? 1 : Phi((x0 + half_bin - mu) / sigma),
                       below = k == 0 ? 0 : Phi((x0 - half_bin - mu) / sigma);
          sum.L_0 -= density[j].item<double>() * std::log(std::max(above - below, 1e-12));
        }
      } else {
        const double before = at(tables.alpha_bar, i - 1), beta = 1 - alpha_bar / before;
        const double c1 = std::sqrt(before) * beta / variance, beta_tilde = beta * (1 - before) / variance;
        sum.kl += (density * c1 * c1 * (x0 - guess).square() / (2 * beta_tilde)).sum().item<double>();
      }
    }
  }
  return sum;
}

}

TEST_CASE("bits_per_dim is what the integrals give, and not below the entropy of the data") {
  auto data = rows(40000);
  const auto r = testing::measure("{plugin: bits_per_dim, samples: 0, chunk: 5000}", exact(), data);
  const terms t = integrated(few);
  const auto is = [&](const char* name, double nats) {
    const auto& record = r.at(name);
    CHECK(record.unit == "bits/dim");
    CHECK(record.on == "test");
    CHECK(record.n == 40000);
    INFO(name << " " << record.value << " ± " << record.standard_error << ", integral " << noneq::bits(nats));
    CHECK(std::abs(record.value - noneq::bits(nats)) < 4 * record.standard_error + 1e-4);
  };
  is("bits_per_dim", t.L_T + t.kl + t.L_0);
  is("L_T", t.L_T);
  is("L_0", t.L_0);
  CHECK(r.at("bits_per_dim").value > entropy());
  CHECK(r.arrays.at("kl").sum().item<double>() == doctest::Approx(noneq::bits(t.kl)).epsilon(0.02));
  const Tensor of_rows = r.arrays.at("of_rows");
  CHECK((of_rows.sizes() == at::IntArrayRef{40000, 3}));
  for (const auto& [column, name] : {std::pair{0, "bits_per_dim"}, {1, "L_T"}, {2, "L_0"}})
    CHECK(of_rows.select(1, column).mean().item<double>() == doctest::Approx(r.at(name).value));
}

TEST_CASE("the errors of the steps, which draw their own noise, add as those of independent numbers do") {
  data_in_memory alike({{"test", at::full({20000, 1}, values[1])}});
  alike.known.bin_width = 2 * half_bin;
  for (const char* metric : {"{plugin: bits_per_dim, samples: 0, chunk: 3000}",
                             "{plugin: bits_per_dim, samples: 0, chunk: 3000, times: 2}"}) {
    const auto r = testing::measure(metric, exact(), alike);
    const Tensor of_rows = r.arrays.at("of_rows");
    const Tensor steps = of_rows.select(1, 0) - of_rows.select(1, 1) - of_rows.select(1, 2);
    const Tensor runs = r.arrays.at("t").size(0) == 2 ? at::tensor({2., 3.}, at::kDouble) : at::ones({5}, at::kDouble);
    const Tensor squares = (runs * r.arrays.at("kl_stderr")).square().sum();
    CHECK(squares.item<double>() == doctest::Approx((steps.var() / 20000).item<double>()).epsilon(0.03));
  }
}

// Σ ½(SNR_{t−1} − SNR_t)·mmse(SNR_t) is an upper Riemann sum of ½∫mmse dSNR, which is the entropy of discrete data
// (Guo, Shamai & Verdú 2005): what steps cost above it halves when they are twice as many.
TEST_CASE("with more steps the best denoiser comes as close to the entropy as a Riemann sum to its integral") {
  const auto in_all = [](const terms& t) { return noneq::bits(t.L_T + t.kl + t.L_0); };
  const double coarse = in_all(integrated(many)), fine = in_all(integrated(twice));
  CHECK(fine > entropy());
  CHECK((coarse - entropy()) / (fine - entropy()) == doctest::Approx(2).epsilon(0.1));
  auto data = rows(2000);
  const auto record =
      testing::measure("{plugin: bits_per_dim, samples: 0, chunk: 500}", exact(many), data).at("bits_per_dim");
  CHECK(std::abs(record.value - coarse) < 4 * record.standard_error);
}

TEST_CASE("some steps of each row estimate the same as all steps") {
  auto data = rows(20000);
  const auto all =
                 testing::measure("{plugin: bits_per_dim, samples: 0, chunk: 5000}", exact(), data).at("bits_per_dim"),
             some = testing::measure("{plugin: bits_per_dim, samples: 0, chunk: 700, times: 2}", exact(), data)
                        .at("bits_per_dim");
  CHECK(std::abs(all.value - some.value) < 4 * std::hypot(all.standard_error, some.standard_error));
  // A step that stands for a run of three or two says less than all of them.
  CHECK(some.standard_error > all.standard_error);
}

TEST_CASE("data without bins has a density, and no bits per dimension") {
  data_in_memory data({{"train", at::rand({10, 2})}});
  const auto fault = [&](const std::string& yaml) {
    return message_of([&] { testing::measure(yaml, exact(), data); });
  };
  CHECK(says(fault("bits_per_dim"), "got data without bins, need whole numbers behind transform.range"));
  data.known.bin_width = 1;
  CHECK(says(fault("{plugin: bits_per_dim, split: validation}"),
             "split: got 'validation', but the data has train only; name a dataset for it in the loader"));
}

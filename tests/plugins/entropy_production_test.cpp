// The balance of entropies: its totals are K, its bounds those of 2015's eq. 22, in both state spaces.
#include "measuring.hpp"
#include "noneq/diffusion/bound.hpp"

using noneq::bits;
using noneq::stream;
using noneq::Tensor;
using testing::data_in_memory;

namespace {

void totals_are_K(const testing::found& balance, const testing::found& bound) {
  const auto at = [&](const char* name) { return balance.at(name).value; };
  const auto& K = bound.at("K");
  CHECK(at("entropy_K") == doctest::Approx(K.value).epsilon(1e-9));
  CHECK(balance.at("entropy_K").standard_error == doctest::Approx(K.standard_error).epsilon(1e-6));
  CHECK(balance.arrays.at("removed").sum().item<double>() == doctest::Approx(at("entropy_removed")).epsilon(1e-9));
  CHECK(balance.arrays.at("kl").sum().item<double>() == doctest::Approx(at("entropy_lost")).epsilon(1e-9));
  CHECK(at("entropy_produced") - at("entropy_lost") - at("entropy_end") + at("entropy_edge") ==
        doctest::Approx(K.value).epsilon(1e-9));
  const Tensor of_rows = bound.arrays.at("of_rows");
  CHECK(of_rows.select(1, 0).mean().item<double>() == doctest::Approx(K.value));
  CHECK(of_rows.select(1, 1).mean().item<double>() == doctest::Approx(bound.at("vlb").value));
  CHECK(at("entropy_lost") > 0);
  CHECK(balance.arrays.at("lower").le(balance.arrays.at("upper") + 1e-9).all().item<bool>());
}

}

TEST_CASE("the balance of entropies adds up to K; Gaussian bounds are those of the schedule") {
  data_in_memory data({{"test", 0.5 * stream(1).normal({3000, 3})}});
  const auto p = testing::make_process("gaussian", "{plugin: linear, steps: 30, last: 0.3}", "epsilon", "fixed_small");
  const auto d = testing::gaussian_denoiser(p, at::zeros({3}), at::full({3}, 0.25));
  const auto balance = testing::measure("{plugin: entropy_production, samples: 3000, chunk: 700}", d, data);
  totals_are_K(balance, testing::measure("{plugin: bound, samples: 3000, chunk: 1000}", d, data));
  // ½ ln(2πe β̃) and ½ ln(2πe β) in each dimension (Sohl-Dickstein et al. 2015, eq. 22; Ho et al. 2020, §3.2).
  const auto of_variance = [](const Tensor& v) {
    return 1.5 * (2 * M_PI * M_E * v.slice(0, 1)).log() / noneq::nats_per_bit;
  };
  CHECK(at::allclose(balance.arrays.at("lower"), of_variance(p.tables.beta_tilde), 1e-4, 1e-4));
  CHECK(at::allclose(balance.arrays.at("upper"), of_variance(p.tables.beta), 1e-4, 1e-4));
  // For this data H_q(X^{t−1}|X^t) is known: X^{t−1} given X^t is Gaussian.
  const Tensor variance = 1 - 0.75 * p.tables.alpha_bar, prev = variance.slice(0, 0, 29), next = variance.slice(0, 1);
  const Tensor beta = p.tables.beta.slice(0, 1);
  const Tensor exact = 1.5 * (2 * M_PI * M_E * prev * beta / next).log() / noneq::nats_per_bit;
  CHECK(balance.arrays.at("lower").le(exact + 1e-4).all().item<bool>());
  CHECK(exact.le(balance.arrays.at("upper") + 1e-4).all().item<bool>());
}

TEST_CASE("the balance of entropies adds up to K for bits") {
  data_in_memory data({{"test", stream(1).uniform({2000, 4}).lt(0.3).to(at::kFloat)}});
  const auto p = testing::make_process("{plugin: binomial, r: 0.4}", "{plugin: reciprocal, steps: 20}", "x0");
  const auto d = testing::make_denoiser(p, [](const noneq::network_input& in) { return 0.3 * in.x - 0.5; });
  const auto balance = testing::measure("{plugin: entropy_production, samples: 2000}", d, data);
  totals_are_K(balance, testing::measure("{plugin: bound, samples: 2000}", d, data));
  const auto fewer = testing::measure("{plugin: entropy_production, samples: 2000, times: 4}", d, data);
  totals_are_K(fewer, testing::measure("{plugin: bound, samples: 2000, times: 4}", d, data));
  CHECK(fewer.arrays.at("kl").size(0) == 19);
  CHECK(fewer.arrays.at("kl").sum().item<double>() ==
        doctest::Approx(balance.arrays.at("kl").sum().item<double>()).epsilon(0.1));
}

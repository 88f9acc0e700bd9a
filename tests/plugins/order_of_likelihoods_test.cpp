// Three numbers of one data set in their order: K ≤ log likelihood by the flow ≤ log density, for the network that
// knows the density. The first two look at the data through the noise of the first step.
#include <numbers>

#include "../../plugins/metrics/coarse_mixture.hpp"
#include "measuring.hpp"

using noneq::bits;
using noneq::Tensor;

namespace {

// x̂⁰ = E[x⁰|x^t] for a mixture of atoms, each blurred by N(0, v): of atom a it is a + √ᾱ v/(ᾱ v + 1 − ᾱ)(x^t − √ᾱ a).
noneq::denoiser knowing(const noneq::process& p, const shipped::coarse_mixture& m) {
  return testing::make_denoiser(p, [=](const noneq::network_input& in) {
    const auto least_noise = p.tables.snr.index_select(0, in.t).max().item<double>();
    const auto& seen = m.seen_through(std::sqrt(m.variance() + 1 / least_noise));
    const Tensor x = in.x.to(at::kDouble);
    const noneq::coefficients c = noneq::coefficients_at(p.tables, in.t, x);
    const Tensor weights =
        (p.kernel->log_marginal_of_atoms(x, seen.atoms, m.variance(), c) + seen.log_weights).softmax(1);
    const Tensor atom = weights.matmul(seen.atoms),
                 gain = c.sqrt_alpha_bar * m.variance() / (c.alpha_bar * m.variance() + c.one_minus_alpha_bar);
    return (atom + gain * (x - c.sqrt_alpha_bar * atom)).to(in.x.scalar_type());
  });
}

// ln of the mixture's density where each atom is blurred by N(0, variance); x [n, 2], nats.
Tensor log_density(const Tensor& x, const shipped::coarse_mixture& m, double variance) {
  const auto& seen = m.seen_through(std::sqrt(variance));
  const Tensor square = (x.unsqueeze(1) - seen.atoms.unsqueeze(0)).square().sum(2);
  return (seen.log_weights - square / (2 * variance)).logsumexp(1) - std::log(2 * std::numbers::pi * variance);
}

}

TEST_CASE("K, the likelihood by the flow and the density of the roll come in this order, each by what is lost") {
  constexpr std::int64_t n = 1000;
  const auto data = testing::make<noneq::loader>("{plugin: swiss_roll, noise: 1}")->open({}, noneq::stream(3));
  const shipped::coarse_mixture roll(*data->info().truth);
  // The first step's noise is about as wide as that of the data, so that it costs more than the errors are.
  const auto p = testing::make_process(
      "gaussian", "{plugin: log_snr, steps: 200, first_beta: 0.02, last_alpha_bar: 1.0e-6}", "x0", "fixed_small");
  const auto network = knowing(p, roll);
  const auto flow = testing::measure(
      c10::str("{plugin: likelihood, trace: exact, samples: ", n, ", chunk: 500, absolute: 1.0e-4, relative: 1.0e-4}"),
      network, *data);
  const auto bound = testing::measure("{plugin: bound, samples: 2000, chunk: 500}", network, *data);

  const Tensor x0 = data->fetch_rows(0, n).at("x0").to(at::kDouble),
               nats = flow.arrays.at("log_likelihood") * noneq::nats_per_bit;
  const double first_noise = 1 / p.tables.snr[0].item<double>();
  // Of each row the flow knows the density that the first step's noise leaves, and errs by its tolerance.
  CHECK(testing::largest(nats - log_density(x0, roll, roll.variance() + first_noise)) < 0.02);

  const noneq::estimate lost = noneq::estimate_mean(log_density(x0, roll, roll.variance()) - nats);
  CAPTURE(bits(lost.value));
  CAPTURE(bits(lost.stderr));
  CHECK(lost.value > 3 * lost.stderr);
  const auto &K = bound.at("K"), &L = flow.at("log_likelihood");
  CAPTURE(K.value);
  CAPTURE(K.standard_error);
  CAPTURE(L.value);
  CAPTURE(L.standard_error);
  CHECK(L.value - K.value > 3 * std::hypot(K.standard_error, L.standard_error));
}

#include "noneq/diffusion/decoder.hpp"

#include "diffusion/close.hpp"

using namespace noneq;
using namespace testing;

namespace {

distribution normal_at(double mean, double sigma) { return {vec({mean}), vec({2 * std::log(sigma)})}; }

}

TEST_CASE("decoder has the published values") {
  const distribution d = normal_at(0, 0.1);
  CHECK(close(decoder_log_prob(vec({0}), d, 1 / 255., decoder::tanh).item<double>(), -3.4647273578077, 1e-12));
  CHECK(close(decoder_log_prob(vec({0}), d).item<double>(), -3.4647260902071, 1e-12));
}

TEST_CASE("the probabilities of all bins sum to 1") {
  const Tensor bytes = at::arange(256, at::kDouble) / 127.5 - 1, bits = vec({-1, 1});
  for (const auto phi : {decoder::exact, decoder::tanh})
    for (const double mean : {0., -0.98, 1.3})
      for (const double sigma : {1e-3, 0.1, 3.}) {
        CHECK(
            close(decoder_log_prob(bytes, normal_at(mean, sigma), 1 / 255., phi).exp().sum().item<double>(), 1, 1e-9));
        CHECK(close(decoder_log_prob(bits, normal_at(mean, sigma), 1, phi).exp().sum().item<double>(), 1, 1e-9));
      }
}

TEST_CASE("a wide Gaussian's bins are its density times their width") {
  const double sigma = 2, x = 51 / 127.5 - 1;
  const double density = std::exp(-x * x / 8) / std::sqrt(2 * M_PI) / sigma;
  CHECK(close(decoder_log_prob(vec({x}), normal_at(0, sigma)).item<double>(), std::log(density * 2 / 255), 1e-6));
}

TEST_CASE("tails keep their digits, are mirror images, and end at the floor") {
  // P(6.96 < Z < 7.04) where 1 − Φ would have three digits left.
  const auto upper = [](double a) { return 0.5 * std::erfc(a / std::sqrt(2.)); };
  const distribution d = normal_at(0, 0.1);
  CHECK(close(decoder_log_prob(vec({0.65}), d, 0.004).item<double>(), std::log(upper(6.46) - upper(6.54)), 1e-10));
  CHECK(close(decoder_log_prob(vec({-0.65}), d, 0.004).item<double>(), std::log(upper(6.46) - upper(6.54)), 1e-10));
  CHECK(close(decoder_log_prob(vec({0.9}), normal_at(0, 1e-3)).item<double>(), std::log(1e-12)));
}

TEST_CASE("gradients are finite for the narrowest and the widest Gaussian") {
  for (const auto phi : {decoder::exact, decoder::tanh})
    for (const auto type : {at::kDouble, at::kFloat})
      for (const double lv : {-40., -10., 20.}) {
        const Tensor x = vec({-1, -1 + 2 / 255., 0, 1}).to(type);
        const Tensor mean = at::zeros({4}, type).requires_grad_(true);
        const Tensor log_variance = at::full({4}, lv, type).requires_grad_(true);
        const Tensor p = decoder_log_prob(x, {mean, log_variance}, 1 / 255., phi);
        const auto slope = torch::autograd::grad({p.sum()}, {mean, log_variance});
        CHECK(finite(p));
        CHECK(finite(slope[0]));
        CHECK(finite(slope[1]));
      }
}

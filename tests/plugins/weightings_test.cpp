#include "make.hpp"

using namespace noneq;
using namespace testing;

TEST_CASE("weightings fall with the signal-to-noise ratio and are finite without signal") {
  const auto t = make_tables(make<schedule>("{plugin: reciprocal, steps: 50}")->beta());
  const auto c = coefficients_at(t, at::arange(50, at::kLong), at::zeros({50, 2}, at::kDouble));
  for (const char* name : {"min_snr", "p2"}) {
    const Tensor w = make<weighting>(name)->weight(c);
    CHECK(w.sizes() == at::IntArrayRef({50, 1}));
    CHECK((w.flatten().diff() >= 0).all().item<bool>());
    CHECK(w[49].item<double>() == 1);
  }
  const Tensor min_snr = make<weighting>("{plugin: min_snr, gamma: 5}")->weight(c);
  CHECK(largest(min_snr * c.snr - c.snr.clamp_max(5)) < 1e-12);
  const Tensor p2 = make<weighting>("{plugin: p2, gamma: 2, k: 3}")->weight(c);
  CHECK(largest(p2 * (3 + c.snr).square() - 1) < 1e-12);
}

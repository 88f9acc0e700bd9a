#include "noneq/diffusion/schedules.hpp"

#include "diffusion/close.hpp"
#include "noneq/core/error.hpp"
#include "noneq/diffusion/bump.hpp"

using namespace noneq;
using namespace testing;

TEST_CASE("cosine has the published β, clipped only at the end") {
  const Tensor b = cosine(1000);
  CHECK(close(value(b, 0), 4.128422482196914e-05));
  CHECK(close(value(b, 500), 0.0031556914415847848));
  CHECK(value(b, 999) == 0.999);
  CHECK(value(b, 998) < 0.999);
}

TEST_CASE("end points of the schedules are the ones asked for") {
  for (const Tensor& b : {linear(30, 1e-3, 0.2), quadratic(30, 1e-3, 0.2)}) {
    CHECK(close(value(b, 0), 1e-3));
    CHECK(close(value(b, 29), 0.2));
  }
  CHECK(close(constant(5, 0.1), at::full({5}, 0.1, at::kDouble)));
  const Tensor s = noneq::sigmoid(3, 0.1, 0.3);
  CHECK(close(value(s, 1), 0.2));
  CHECK(close(value(s, 0), 0.1 + 0.2 / (1 + std::exp(6.))));
}

TEST_CASE("reciprocal erases the signal linearly") {
  const tables t = make_tables(reciprocal(10));
  CHECK(close(t.alpha_bar, at::linspace(0.9, 0, 10, at::kDouble)));
}

TEST_CASE("log_snr is linear in ln SNR and keeps its end points") {
  for (const double first : {1e-5, 1e-3, 1e-9}) {
    const tables t = make_tables(log_snr(40, first, 1e-4));
    CHECK(t.beta_1() == first);
    CHECK(close(value(t.alpha_bar, 39), 1e-4, 1e-9));
    const Tensor log_snr_t = t.snr.log();
    CHECK(close(log_snr_t, at::linspace(value(log_snr_t, 0), value(log_snr_t, 39), 40, at::kDouble), 1e-9));
    CHECK(close(value(log_snr_t, 0), std::log((1 - first) / first)));
  }
  CHECK(value(log_snr(1, 0.2, 0.8), 0) == 0.2);
  CHECK_THROWS_AS(log_snr(40, 0, 0.1), error);
  CHECK_THROWS_AS(log_snr(40, 0.3, 0.7), error);
  CHECK_THROWS_AS(linear(0, 0.1, 0.2), error);
}

TEST_CASE("bumps have the reference values") {
  const Tensor g = bump_basis(1000, 10);
  CHECK(close(value(g[0], 0), 0.8805368900, 1e-9));
  CHECK(close(value(g[0], 1), 0.1191677094, 1e-9));
  CHECK(close(g.sum(1), at::ones({1000}, at::kDouble)));
  CHECK(close(g, g.flip({0, 1})));
  CHECK(at::equal(bump_basis(7, 1), at::ones({7, 1}, at::kDouble)));
}

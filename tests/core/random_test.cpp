#include "noneq/core/random.hpp"

#include <set>

#include "doctest.hpp"

using namespace noneq;

TEST_CASE("row k is the same whatever the batch it is drawn in") {
  const stream s = stream(7).fork("noise").fork(3);
  for (const std::int64_t width : {1, 2, 3, 4, 5, 17, 784}) {
    const Tensor all = s.normal({40, width});
    CHECK(at::equal(all.slice(0, 11, 30), s.normal({19, width}, 11)));
    CHECK(at::equal(s.uniform({40, width}).slice(0, 33), s.uniform({7, width}, 33)));
  }
}

TEST_CASE("streams of different seed, name or step are different") {
  const Tensor x = stream(1).fork("a").fork(0).normal({64, 4});
  for (const stream& s : {stream(2).fork("a").fork(0), stream(1).fork("b").fork(0), stream(1).fork("a").fork(1)})
    CHECK(!at::equal(x, s.normal({64, 4})));
}

TEST_CASE("normal numbers have the moments and the tails of N(0, 1)") {
  const std::int64_t n = 1 << 20;
  const Tensor x = stream(5).normal({n / 4, 4}).to(at::kDouble);
  const double root = std::sqrt(static_cast<double>(n));
  CHECK(std::abs(x.mean().item<double>()) < 4 / root);
  CHECK(std::abs(x.pow(2).mean().item<double>() - 1) < 4 * std::sqrt(2.0) / root);
  CHECK(std::abs(x.pow(3).mean().item<double>()) < 4 * std::sqrt(15.0) / root);
  CHECK(std::abs(x.pow(4).mean().item<double>() - 3) < 4 * std::sqrt(96.0) / root);
  const double beyond_3 = x.abs().gt(3).to(at::kDouble).mean().item<double>();
  CHECK(beyond_3 == doctest::Approx(0.0026998).epsilon(0.08));
  const Tensor columns = (x.t().matmul(x) / static_cast<double>(n / 4)).fill_diagonal_(0);
  CHECK(columns.abs().max().item<double>() < 5 / std::sqrt(n / 4.0));
}

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  const Tensor u = stream(6).uniform({1 << 18}).to(at::kDouble);
  CHECK(u.min().item<double>() >= 0);
  CHECK(u.max().item<double>() < 1);
  const Tensor counts = at::histc(u, 64, 0, 1);
  const double expected = (1 << 18) / 64.0;
  CHECK(((counts - expected).pow(2) / expected).sum().item<double>() < 63 + 5 * std::sqrt(2 * 63.0));
}

TEST_CASE("Philox 4x32-10 gives its published words") {
  // Known answer of Random123 for an all-zero counter and key: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  const Tensor u = stream(0).uniform({1, 4});
  const std::uint32_t words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (int j = 0; j < 4; ++j) CHECK(u[0][j].item<float>() == static_cast<float>(words[j] >> 8) * 0x1p-24f);
}

TEST_CASE("permuted visits every index once") {
  for (const std::int64_t n : {1, 2, 3, 10, 1000}) {
    std::set<std::int64_t> seen;
    for (std::int64_t k = 0; k < n; ++k) seen.insert(permuted(stream(3), k, n));
    CHECK(static_cast<std::int64_t>(seen.size()) == n);
    CHECK((*seen.begin() == 0 && *seen.rbegin() == n - 1));
  }
}

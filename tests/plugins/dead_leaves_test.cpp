// Dead leaves: every pixel is seen, greys are uniform, and two pixels are as often of one leaf as integral geometry
// says.
#include <numbers>

#include "make.hpp"
#include "plugins/message.hpp"

using noneq::sizes;
using noneq::stream;
using noneq::Tensor;
using testing::make;
using testing::mean_is;
using testing::message_of;
using testing::says;

namespace {

std::shared_ptr<noneq::source> leaves(const std::string& parameters, std::uint64_t seed = 3) {
  return make<noneq::loader>("{plugin: dead_leaves, " + parameters + "}")->open({}, stream(seed));
}

// Rows 0 … n − 1 in grey levels, float64.
Tensor greys(const noneq::source& s, const Tensor& x0) { return s.info().normal.restore(x0.to(at::kDouble)); }

// The area that a disk of radius r shares with itself moved by h.
double shared(double r, double h) {
  if (h >= 2 * r) return 0;
  return 2 * r * r * std::acos(h / (2 * r)) - h / 2 * std::sqrt(4 * r * r - h * h);
}

// γ(h)/(2γ(0) − γ(h)), γ(h) = ∫ r⁻³ shared(r, h) dr: of all disks that reach one of two points at distance h, the first
// reaches both with this probability, and they are of one leaf then and only then.
double same_leaf(double smallest, double largest, double h) {
  constexpr int parts = 20000;
  const double ratio = std::log(largest / smallest) / parts;
  double apart = 0, at_one = 0;
  for (int k = 0; k < parts; ++k) {
    const double r = smallest * std::exp(ratio * (k + 0.5)), weight = ratio / (r * r);  // r⁻³ dr = r⁻² d ln r
    apart += weight * shared(r, h);
    at_one += weight * shared(r, 0);
  }
  return apart / (2 * at_one - apart);
}

}

TEST_CASE("dead leaves: two pixels are of one leaf with the probability of the stationary model, also at the border") {
  struct {
    double smallest, largest;
  } const laws[] = {{0.7, 5}, {1, 40}, {2, 2.5}};
  constexpr std::int64_t size = 9, levels = 65536, n = 20000;
  for (const auto& [smallest, largest] : laws) {
    const auto s = leaves(c10::str("size: ", size, ", smallest: ", smallest, ", largest: ", largest,
                                   ", dequantise: false, levels: ", levels));
    const Tensor grey = greys(*s, s->fetch_rows(0, n).at("x0")).round().squeeze(1);  // [n, size, size]
    // Pixels (y, x) and (y + down, x + right), everywhere and in two corners.
    for (const auto& [down, right] : {std::pair{0, 1}, {1, 0}, {1, 1}, {3, 4}, {8, 0}}) {
      CAPTURE(smallest);
      CAPTURE(down);
      CAPTURE(right);
      const Tensor equal = grey.slice(1, 0, size - down)
                               .slice(2, 0, size - right)
                               .eq(grey.slice(1, down).slice(2, right))
                               .to(at::kDouble);  // [n, …]
      const double same = same_leaf(smallest, largest, std::hypot(down, right));
      const double expected = same + (1 - same) / levels;
      CHECK(mean_is(equal.flatten(1).mean(1), expected));
      const double error = std::sqrt(expected * (1 - expected) / n);
      CHECK(std::abs(equal.select(1, 0).select(1, 0).mean().item<double>() - expected) < 4 * error);
      CHECK(std::abs(equal.select(1, -1).select(1, -1).mean().item<double>() - expected) < 4 * error);
    }
  }
}

TEST_CASE("dead leaves: every pixel is covered, by one of the greys") {
  for (const char* parameters : {"size: 1", "size: 17, smallest: 0.3, largest: 0.4", "size: 8, smallest: 50",
                                 "size: 32, smallest: 1.5, largest: 3", "size: 8, smallest: 2, largest: 2"}) {
    CAPTURE(parameters);
    const auto s = leaves(c10::str("dequantise: false, levels: 5, ", parameters));
    const Tensor grey = greys(*s, s->fetch_rows(0, 200).at("x0"));
    CHECK(testing::largest(grey - grey.round()) < 1e-5);
    CHECK(grey.round().min().item<double>() == 0);
    CHECK(grey.round().max().item<double>() == 4);
  }
}

TEST_CASE("dead leaves: pixels have mean 0 and variance 1, with noise on every grey alike") {
  constexpr std::int64_t n = 4000;
  for (const int levels : {2, 256}) {
    const auto s = leaves(c10::str("size: 6, levels: ", levels));
    CHECK(s->info().shape == sizes{1, 6, 6});
    CHECK(s->info().count == -1);
    CHECK(s->info().bin_width == 0);
    CHECK(s->info().range == std::vector<double>{0, static_cast<double>(levels)});
    const Tensor x0 = s->fetch_rows(0, n).at("x0");
    REQUIRE((x0.scalar_type() == at::kFloat));
    const Tensor x = x0.to(at::kDouble).flatten(1);
    CHECK(mean_is(x.mean(1), 0));
    CHECK(mean_is(x.square().mean(1), 1));
    CHECK(mean_is(x.select(1, 0).square(), 1));
    CHECK(mean_is(x.pow(4).mean(1), 9. / 5));  // of a uniform distribution
    const Tensor grey = greys(*s, x0).flatten(1), noise = grey - grey.floor();
    CHECK(mean_is(noise.mean(1), 0.5));
    CHECK(mean_is((noise - 0.5).square().mean(1), 1. / 12));
    // Independent from pixel to pixel, whatever leaf they are of.
    CHECK(mean_is((noise.select(1, 0) - 0.5) * (noise.select(1, 1) - 0.5), 0));
  }
}

TEST_CASE("dead leaves: without noise the levels lie from -1 to 1, and say how wide their bins are") {
  const auto s = leaves("size: 16, levels: 5, dequantise: false");
  const Tensor x = s->fetch_rows(0, 100).at("x0");
  CHECK(x.min().item<float>() == -1);
  CHECK(x.max().item<float>() == 1);
  CHECK(s->info().bin_width == 0.5);
  CHECK(s->info().range == std::vector<double>{0, 4});
}

TEST_CASE("dead leaves: an image depends on its row only, a batch on its step only") {
  for (const char* parameters : {"size: 8, batch: 20", "size: 8, batch: 20, dequantise: false"}) {
    const auto one = leaves(parameters), other = leaves(parameters);
    const Tensor batch = one->prepare(one->fetch(1, stream(8))).at("x0");
    CHECK(batch.sizes().vec() == sizes{20, 1, 8, 8});
    CHECK(batch.equal(other->fetch(1, stream(8)).at("x0")));
    CHECK_FALSE(batch.equal(one->fetch(2, stream(8)).at("x0")));
    CHECK_FALSE(batch.equal(one->fetch_rows(0, 20).at("x0")));
    CHECK_FALSE(batch[0].equal(batch[1]));
    CHECK(at::cat({one->fetch_rows(0, 5).at("x0"), one->fetch_rows(5, 6).at("x0")})
              .equal(other->fetch_rows(0, 11).at("x0")));
    CHECK_FALSE(one->fetch_rows(0, 5).at("x0").equal(leaves(parameters, 4)->fetch_rows(0, 5).at("x0")));
  }
}

TEST_CASE("dead leaves: a stored normalisation is used as it is; impossible radii are refused") {
  const noneq::normalisation known{at::full({}, 10.f), at::full({}, 2.f)};
  const auto s = make<noneq::loader>("{plugin: dead_leaves, size: 4, dequantise: false}")->open(known, stream(3));
  CHECK(s->info().normal.shift.item<float>() == 10);
  CHECK(s->info().bin_width == 0.5);
  CHECK(s->info().normal.restore(s->fetch_rows(0, 9).at("x0")).min().item<float>() >= 0);
  CHECK(says(message_of([] { make<noneq::loader>("{plugin: dead_leaves, smallest: 4, largest: 3}"); }),
             "largest got 3, need at least the smallest radius, 4"));
  CHECK(says(message_of([] { make<noneq::loader>("{plugin: dead_leaves, smallest: 0}"); }), "test.smallest"));
}

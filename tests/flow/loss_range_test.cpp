#include "noneq/flow/loss_range.hpp"

#include <random>

#include "doctest.hpp"

using noneq::flow::loss_range;

namespace {

// Losses as training gives them: from `high` down to `low`, each with noise that now and then is ten times as large.
struct course {
  double high = 5, low = 1, scatter = 0.2;
  std::mt19937_64 bits{7};
  std::int64_t step = 0;
  double next() {
    const double x = low + (high - low) * std::exp(-0.01 * static_cast<double>(step++));
    const double wide = std::uniform_real_distribution<>(0, 1)(bits) < 0.01 ? 10 : 1;
    return x + scatter * wide * std::normal_distribution<>()(bits);
  }
};

}

TEST_CASE("a loss that falls and then scatters stays in its range") {
  for (const double scatter : {0.0, 0.01, 0.2, 3.0}) {
    CAPTURE(scatter);
    loss_range range;
    course c{.scatter = scatter};
    for (int i = 0; i < 20'000; ++i) {
      range.add(c.next());
      REQUIRE(!range.left());
    }
  }
}

TEST_CASE("a loss that grows back has left its range within a window, whatever its unit") {
  // In nats a loss may be negative, and in other units a thousand times as large.
  for (const double unit : {1.0, 1e-6, 1e9})
    for (const double offset : {0.0, -7.0}) {
      loss_range range;
      course c;
      for (int i = 0; i < 2000; ++i) range.add(unit * (c.next() + offset));
      REQUIRE(!range.left());
      CHECK(range.holds(unit * (1.5 + offset)));
      CHECK(!range.holds(unit * (9 + offset)));
      int after = 0;
      for (; !range.left() && after < 100; ++after) range.add(unit * (9 + offset));
      CHECK(after <= 20);
      for (int i = 0; i < 200; ++i) range.add(unit * (c.next() + offset));
      CHECK(!range.left());
    }
}

TEST_CASE("the range is the same after it was saved, also behind losses as large as numbers can be") {
  loss_range range;
  course c;
  for (int i = 0; i < 50; ++i) range.add(c.next());
  for (const double loss : {1e308, -1e308, 1e308}) range.add(loss);
  loss_range again(nlohmann::json::parse(range.saved().dump()));
  CHECK(again.saved() == range.saved());
  for (int i = 0; i < 50; ++i) {
    const double loss = c.next();
    range.add(loss), again.add(loss);
    CHECK(again.saved() == range.saved());
    CHECK(again.left() == range.left());
  }
}

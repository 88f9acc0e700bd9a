#include "noneq/core/detail/philox.hpp"

#include <cmath>
#include <vector>

#include "doctest.hpp"
#include "instruction_sets.hpp"

using namespace noneq;
using namespace testing;

namespace {

using fill = void (*)(const philox::table&, float*);

std::vector<float> made(fill f, const philox::table& t) {
  std::vector<float> out(static_cast<std::size_t>(t.rows * t.width));
  f(t, out.data());
  return out;
}

}

TEST_CASE("every instruction set gives the same bits") {
  for (const fill f : {philox::normal, philox::uniform})
    for (const std::int64_t width : {1, 2, 3, 4, 50, 64, 784}) {
      const philox::table t{0x123456789abcdefull, (std::int64_t{1} << 33) - 7, 23, width};
      const std::vector<float> plain = made(f, t);
      on_each_target([&] { CHECK(made(f, t) == plain); });
    }
}

TEST_CASE("normal numbers are Box and Muller's to float rounding") {
  const philox::table t{42, 0, 1, 1 << 20};
  const std::vector<float> x = made(philox::normal, t), u = made(philox::uniform, t);
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); k += 2) {
    // 23 bits of the word behind u, moved to the middle of their interval, so that no logarithm is of 0.
    const double open = (std::floor(static_cast<double>(u[k]) * 0x1p23) + 0.5) * 0x1p-23;
    const double radius = std::sqrt(-2 * std::log(open)), angle = 2 * M_PI * static_cast<double>(u[k + 1]);
    worst = std::max({worst, std::abs(radius * std::cos(angle) - static_cast<double>(x[k])) / radius,
                      std::abs(radius * std::sin(angle) - static_cast<double>(x[k + 1])) / radius});
  }
  CHECK(worst < 4e-7);  // three units in the last place of the radius
}

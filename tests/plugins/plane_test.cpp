// The axes of pictures of points in the plane.
#include "../../plugins/writers/plane.hpp"
#include "doctest.hpp"

using shipped::window_around;

namespace {

// Points that fill [low, high] along both axes.
noneq::Tensor filling(std::array<double, 2> low, std::array<double, 2> high) {
  const noneq::Tensor share = at::linspace(0, 1, 400, at::kDouble);
  return at::stack({low[0] + share * (high[0] - low[0]), low[1] + share * (high[1] - low[1])}, 1);
}

}

TEST_CASE("a unit is as long along y as along x, as far as both quantities show") {
  const auto w = window_around(filling({-1, -3}, {1, 3}));
  CHECK(w.middle(0) == doctest::Approx(0));
  CHECK(w.reach(0) == doctest::Approx(3.24));
  CHECK(w.reach(1) == doctest::Approx(3.24));
}

TEST_CASE("quantities of other scales have axes of their own") {
  const auto w = window_around(filling({3.8, -114}, {6.2, 114}));
  CHECK(w.middle(0) == doctest::Approx(5));
  CHECK(w.reach(0) == doctest::Approx(0.54 * 2.4));
  CHECK(w.reach(1) == doctest::Approx(0.54 * 228));
  const std::string axes = shipped::axes_of(w, shipped::offset_of(w));
  CHECK(axes == "set xrange [3.704:6.296]\nset xtics 1\nset yrange [-123.12:123.12]\nset ytics 50\n");
}

TEST_CASE("the ends of the axes have the digits that points far from 0 need") {
  const auto w = window_around(filling({999990, 999990}, {999999.9, 999999.9}));
  const std::string axes = shipped::axes_of(w, at::zeros({2}, at::kDouble));
  CHECK(axes.find("set xrange [999989.6") == 0);
  CHECK(axes.find(":1000000.2") != std::string::npos);
}

TEST_CASE("a few outliers, numbers that are none, and points that are one do not spoil the axes") {
  noneq::Tensor points = filling({0, 0}, {1, 1}).repeat({3, 1});
  points[7] = 1e9;
  points[8][0] = NAN;
  CHECK(window_around(points).reach(0) == doctest::Approx(0.54).epsilon(0.01));
  CHECK(window_around(at::ones({5, 2})).reach(1) > 0);
  CHECK(window_around(at::zeros({0, 2})).reach(1) == 1);
}

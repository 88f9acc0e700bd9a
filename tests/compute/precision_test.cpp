// The choice of a precision by measurement.
#include "noneq/compute/precision.hpp"

#include "doctest.hpp"
#include "noneq/compute/detail/winograd/product_speed.hpp"

using namespace noneq::compute;

TEST_CASE("measurements of one machine lie on one side of the bound, and far from it" *
          doctest::skip(!multiplies_bf16_without_amx())) {
  const bool narrow = fastest_precision() == precision::bf16;
  for (int k = 0; k < 20; ++k) {
    const double speed = winograd::speed_of_bf16();
    CHECK((narrow ? speed > 0.71 * 1.2 : speed < 0.71 / 1.2));
  }
}

TEST_CASE("a machine without products of bf16 computes in float32" * doctest::skip(multiplies_bf16())) {
  CHECK(fastest_precision() == precision::fp32);
}

// The gradient of a 1×1 convolution's weights in bf16 against products of the same rounded numbers in float64.
#include "noneq/compute/detail/kernels/pointwise_gradient.hpp"

#include "doctest.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/core/random.hpp"

using namespace noneq;
using namespace noneq::compute;

namespace {

const conv_layer pointwise{0, 1, 0, none, {1, 1}, {1, 1}, {0, 0}, {0, 0}};

void compare_with_products(std::int64_t pixels, std::int64_t in, std::int64_t out) {
  CAPTURE(pixels);
  CAPTURE(in);
  REQUIRE(pointwise_gradient::fits(pointwise, in, out));
  const Tensor x = stream(1).normal({pixels, in}).to(at::kBFloat16),
               dy = stream(2).normal({pixels, out}).to(at::kBFloat16);
  const pointwise_gradient kernel{static_cast<std::size_t>(pixels), static_cast<std::size_t>(in),
                                  static_cast<std::size_t>(out)};
  const Tensor dw = at::empty({out, in}), db = at::empty({out}),
               scratch = at::full({static_cast<std::int64_t>(kernel.scratch_bytes())}, 255, at::kByte);
  kernel(x.data_ptr(), dy.data_ptr(), dw.data_ptr<float>(), db.data_ptr<float>(), scratch.data_ptr());

  const Tensor wide = dy.to(at::kDouble), expected = wide.t().mm(x.to(at::kDouble));
  CHECK(at::allclose(dw.to(at::kDouble), expected, 0, 1e-5 * expected.abs().max().item<double>()));
  CHECK(at::allclose(db.to(at::kDouble), wide.sum(0), 0, 1e-5 * wide.abs().sum(0).max().item<double>()));
}

}

TEST_CASE("weights of a 1×1 convolution have the gradient of its definition" * doctest::skip(!multiplies_bf16())) {
  compare_with_products(64, 32, 16);
  compare_with_products(301, 96, 48);
  compare_with_products(1, 32, 32);
  compare_with_products(1000, 160, 80);
}

TEST_CASE("other convolutions of one pixel are left to others") {
  CHECK_FALSE(pointwise_gradient::fits(pointwise, 3, 32));
  CHECK_FALSE(pointwise_gradient::fits(pointwise, 32, 3));
  conv_layer halving = pointwise;
  halving.stride = {2, 2};
  CHECK_FALSE(pointwise_gradient::fits(halving, 32, 32));
}

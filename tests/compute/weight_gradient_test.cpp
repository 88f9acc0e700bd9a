// The gradient of a convolution's weights in bf16 against libtorch's, of the same rounded numbers in float64.
#include "noneq/compute/kernels/weight_gradient.hpp"

#include <torch/csrc/autograd/autograd.h>

#include "doctest.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/core/random.hpp"

using namespace noneq;

namespace {

const conv_layer same{0, 1, 0, none, {3, 3}, {1, 1}, {1, 1}, {1, 1}};

void compare_with_reference(std::int64_t batch, const value_shape& in, std::int64_t out) {
  CAPTURE(in.height);
  CAPTURE(in.width);
  REQUIRE(weight_gradient::fits(same, in.channels, out));
  // bf16 [batch, height, width, channels], as the kernel reads them.
  const auto drawn = [&](std::uint64_t seed, std::int64_t channels) {
    return stream(seed).normal({batch, in.height, in.width, channels}).to(at::kBFloat16);
  };
  const Tensor x = drawn(1, in.channels), dy = drawn(2, out);
  const weight_gradient kernel(static_cast<std::size_t>(batch), in, out);
  const Tensor dw = at::empty({out, in.channels, 3, 3}),
               scratch = at::empty({static_cast<std::int64_t>(kernel.scratch_bytes())}, at::kByte);
  kernel(x.data_ptr(), dy.data_ptr(), dw.data_ptr<float>(), scratch.data_ptr());

  const auto plain = [](const Tensor& t) { return t.permute({0, 3, 1, 2}).to(at::kDouble); };
  const Tensor w = at::zeros(dw.sizes(), at::kDouble).requires_grad_(true);
  const Tensor y = at::conv2d(plain(x), w, {}, 1, 1);
  const Tensor expected = torch::autograd::grad({y}, {w}, {plain(dy)})[0];
  CHECK(at::allclose(dw.to(at::kDouble), expected, 0, 1e-5 * expected.abs().max().item<double>()));
}

}

TEST_CASE("weights of a 3×3 convolution have libtorch's gradient" *
          doctest::skip(fastest_precision() != precision::bf16)) {
  compare_with_reference(2, {8, 5, 7}, 32);
  compare_with_reference(3, {40, 4, 6}, 64);
  compare_with_reference(1, {8, 1, 1}, 32);
  compare_with_reference(2, {16, 70, 3}, 32);
  compare_with_reference(1, {32, 3, 150}, 32);
}

TEST_CASE("other convolutions are left to others") {
  CHECK_FALSE(weight_gradient::fits(same, 3, 32));
  CHECK_FALSE(weight_gradient::fits(same, 8, 48));
  conv_layer halving = same;
  halving.stride = {2, 2};
  CHECK_FALSE(weight_gradient::fits(halving, 8, 32));
  conv_layer one = same;
  one.kernel = {1, 1};
  CHECK_FALSE(weight_gradient::fits(one, 8, 32));
}

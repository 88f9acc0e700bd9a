// Winograd's filtering against libtorch's convolutions, of the same rounded numbers in float64.
#include <cmath>

#include <torch/csrc/autograd/autograd.h>

#include "instruction_sets.hpp"
#include "noneq/compute/detail/winograd/convolution.hpp"
#include "noneq/compute/detail/winograd/weight_gradient.hpp"
#include "noneq/compute/detail/winograd/weights.hpp"
#include "noneq/compute/precision.hpp"
#include "noneq/core/random.hpp"

using namespace noneq;
using namespace noneq::compute;
using namespace testing;

namespace {

const conv_layer same{0, 1, 0, none, {3, 3}, {1, 1}, {1, 1}, {1, 1}};

at::ScalarType type_of(precision of) { return of == precision::bf16 ? at::kBFloat16 : at::kFloat; }

// [batch, height, width, channels], as the kernels read them.
Tensor pixels(std::uint64_t seed, precision of, std::int64_t batch, const value_shape& s, std::int64_t channels) {
  return stream(seed).normal({batch, s.height, s.width, channels}).to(type_of(of));
}
precision of_pixels(const Tensor& x) { return x.scalar_type() == at::kFloat ? precision::fp32 : precision::bf16; }
Tensor plain(const Tensor& t) { return t.permute({0, 3, 1, 2}).to(at::kDouble); }
Tensor bytes(std::size_t count) { return at::empty({static_cast<std::int64_t>(count)}, at::kByte); }
double off_by(const Tensor& got, const Tensor& expected) {
  return ((got.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

// Returns a bound on the relative error of sums of n products of independent numbers. A rounding to 2⁻⁸ (bf16) or 2⁻²⁴
// (float32) of a number's size has an error of at most 1/√3 of that, in the root mean square. A kernel rounds to bf16
// three times: transformed pixels, transformed weights, and the result. In float32 every operation rounds: about ten in
// the transforms, and one for each partial sum, which together count as n/2 roundings of the whole sum. The transforms
// multiply squared errors by Σ_k A²_ik·|G_k|²·|B_k|² / 3, whose mean over i is 1.67 downwards and 4.76 across.
constexpr double growth = 1.67 * 4.76;
double off_by_rounding(precision of, std::int64_t n) {
  const double roundings = of == precision::bf16 ? 3 : 10 + static_cast<double>(n) / 2;
  return std::sqrt(growth * roundings / 3) / (of == precision::bf16 ? 256 : 256 * 65536);
}

Tensor weights_of_32() { return stream(3).normal({32, 32, 3, 3}).to(at::kFloat); }

// By these.
Tensor convolved(const Tensor& x, const winograd::images& of) {
  const winograd::weights how{of_pixels(x), 32, 32, false};
  const Tensor w = weights_of_32(), packed = bytes(how.bytes()).fill_(255);
  how.pack(w.data_ptr<float>(), packed.data_ptr());
  const winograd::convolution convolve{of_pixels(x), of, 32, 32};
  const Tensor y = at::empty(x.sizes(), x.options()), scratch = bytes(convolve.scratch_bytes()).fill_(255);
  convolve(x.data_ptr(), packed.data_ptr(), nullptr, y.data_ptr(), false, scratch.data_ptr());
  return y;
}

// dw and db.
std::pair<Tensor, Tensor> gradient(const Tensor& x, const Tensor& dy, const winograd::images& of) {
  const std::int64_t in = x.size(3), out = dy.size(3);
  const winograd::weight_gradient kernel{of_pixels(x), of, static_cast<std::size_t>(in), static_cast<std::size_t>(out)};
  const Tensor dw = at::empty({out, in, 3, 3}), db = at::empty({out}),
               scratch = bytes(kernel.scratch_bytes()).fill_(255);
  kernel(x.data_ptr(), dy.data_ptr(), dw.data_ptr<float>(), db.data_ptr<float>(), scratch.data_ptr());
  return {dw, db};
}

struct sizes_of {
  std::int64_t batch;
  value_shape in;
  std::int64_t out;
};
const sizes_of all_sizes[] = {{2, {32, 8, 8}, 32},  {3, {48, 5, 7}, 64},   {1, {32, 1, 1}, 48},
                              {2, {64, 70, 3}, 32}, {1, {32, 5, 150}, 80}, {13, {288, 4, 4}, 32}};

// x with the pixels that `with` puts around it, and the convolution of that.
Tensor padded(Tensor x, const paddings& with) {
  const char* const modes[] = {"constant", "circular", "reflect"};
  x = at::pad(x, {1, 1, 0, 0}, modes[static_cast<int>(with[1])]);
  return at::pad(x, {0, 0, 1, 1}, modes[static_cast<int>(with[0])]);
}

bool reflects(const sizes_of& s, const paddings& with) {
  const bool down = with[0] == padding::reflect, along = with[1] == padding::reflect;
  return (!down || s.in.height > 1) && (!along || s.in.width > 1);
}

void compare_convolution(precision of, const sizes_of& s, bool for_gradient, bool add, const paddings& with = {}) {
  CAPTURE(s.in.channels);
  CAPTURE(s.in.height);
  CAPTURE(s.in.width);
  const std::int64_t in = s.in.channels, out = s.out;
  REQUIRE(winograd::fits(same, in, out));
  const Tensor x = pixels(1, of, s.batch, s.in, in), before = pixels(2, of, s.batch, s.in, out), y = before.clone(),
               bias = stream(4).normal({out}).to(at::kFloat);
  const Tensor w = stream(3).normal(for_gradient ? sizes{in, out, 3, 3} : sizes{out, in, 3, 3}).to(at::kFloat);
  const winograd::weights how{of, static_cast<std::size_t>(in), static_cast<std::size_t>(out), for_gradient};
  const Tensor packed = bytes(how.bytes()).fill_(255);
  how.pack(w.data_ptr<float>(), packed.data_ptr());
  const winograd::convolution convolve{of, {static_cast<std::size_t>(s.batch), s.in, false, with}, how.in, how.out};
  const Tensor scratch = bytes(convolve.scratch_bytes()).fill_(255);
  convolve(x.data_ptr(), packed.data_ptr(), for_gradient ? nullptr : bias.data_ptr<float>(), y.data_ptr(), add,
           scratch.data_ptr());

  Tensor expected;
  if (for_gradient) {
    const Tensor at = at::zeros({s.batch, out, s.in.height, s.in.width}, at::kDouble).requires_grad_(true);
    const Tensor forward = at::conv2d(padded(at, with), w.to(at::kDouble));
    expected = torch::autograd::grad({forward}, {at}, {plain(x)})[0];
  } else {
    expected = at::conv2d(padded(plain(x), with), w.to(at::kDouble), bias.to(at::kDouble));
  }
  if (add) expected += plain(before);
  CHECK(off_by(plain(y), expected) < off_by_rounding(of, in));
}

// The gradient of a padded image, in its border too.
void compare_with_border(precision of, const sizes_of& s, const std::array<std::size_t, 2>& margin) {
  const std::int64_t in = s.in.channels, down = static_cast<std::int64_t>(margin[0]),
                     along = static_cast<std::int64_t>(margin[1]);
  const Tensor dy = pixels(1, of, s.batch, s.in, in), w = stream(3).normal({in, s.out, 3, 3}).to(at::kFloat);
  const winograd::weights how{of, static_cast<std::size_t>(in), static_cast<std::size_t>(s.out), true};
  const Tensor packed = bytes(how.bytes()).fill_(255);
  how.pack(w.data_ptr<float>(), packed.data_ptr());
  const winograd::convolution convolve{of, {static_cast<std::size_t>(s.batch), s.in}, how.in, how.out, margin};
  const Tensor y = at::empty({s.batch, s.in.height + 2 * down, s.in.width + 2 * along, s.out}, type_of(of)),
               scratch = bytes(convolve.scratch_bytes()).fill_(255);
  convolve(dy.data_ptr(), packed.data_ptr(), nullptr, y.data_ptr(), false, scratch.data_ptr());
  const Tensor expected = at::conv_transpose2d(plain(dy), w.to(at::kDouble), {}, 1, {1 - down, 1 - along});
  CHECK(off_by(plain(y), expected) < off_by_rounding(of, in));
}

void compare_gradient(precision of, const sizes_of& s, const paddings& with = {}) {
  CAPTURE(s.in.channels);
  CAPTURE(s.in.height);
  CAPTURE(s.in.width);
  const std::int64_t in = s.in.channels, out = s.out;
  const Tensor x = pixels(1, of, s.batch, s.in, in), dy = pixels(2, of, s.batch, s.in, out);
  const auto [dw, db] = gradient(x, dy, {static_cast<std::size_t>(s.batch), s.in, false, with});

  const Tensor w = at::zeros(dw.sizes(), at::kDouble).requires_grad_(true);
  const Tensor expected = torch::autograd::grad({at::conv2d(padded(plain(x), with), w)}, {w}, {plain(dy)})[0];
  CHECK(off_by(dw, expected) < off_by_rounding(of, s.batch * s.in.height * s.in.width / 8));
  CHECK(off_by(db, plain(dy).sum({0, 2, 3})) < 1e-5);
}

// The types for which there are kernels here.
std::vector<precision> precisions_here() {
  std::vector<precision> all{precision::fp32};
  if (winograd::serves(precision::bf16)) all.push_back(precision::bf16);
  return all;
}

}

TEST_CASE("a 3×3 convolution, its gradients in x and in its weights, are libtorch's within rounding") {
  on_each_target([] {
    for (const precision of : precisions_here())
      for (const sizes_of& s : all_sizes) {
        CAPTURE(of == precision::bf16);
        compare_convolution(of, s, false, false);
        compare_convolution(of, s, true, false);
        compare_convolution(of, s, true, true);
        compare_gradient(of, s);
      }
  });
}

TEST_CASE("circular and reflected pixels around them are libtorch's too") {
  for (const precision of : precisions_here()) {
    for (const sizes_of& s : all_sizes)
      for (const padding down : {padding::zeros, padding::circular, padding::reflect})
        for (const padding along : {padding::zeros, padding::circular, padding::reflect}) {
          const paddings with{down, along};
          if (!reflects(s, with)) continue;
          CAPTURE(static_cast<int>(down));
          CAPTURE(static_cast<int>(along));
          compare_convolution(of, s, false, false, with);
          compare_gradient(of, s, with);
          if (down != padding::reflect && along != padding::reflect) compare_convolution(of, s, true, true, with);
        }
    for (const sizes_of& s : all_sizes)
      for (const std::array<std::size_t, 2> margin : {std::array<std::size_t, 2>{1, 1}, {0, 1}, {1, 0}})
        compare_with_border(of, s, margin);
  }
}

// On average a number of any size is off by 2⁻⁸/√7 of itself; the result is not transformed any more.
TEST_CASE("where borders are far the error is what the transforms make of bf16's" *
          doctest::skip(!winograd::serves(precision::bf16))) {
  const value_shape of{32, 64, 64};
  const Tensor x = pixels(1, precision::bf16, 1, of, 32),
               expected = at::conv2d(plain(x), weights_of_32().to(at::kDouble), {}, 1, 1);
  CHECK(off_by(plain(convolved(x, {1, of})), expected) ==
        doctest::Approx(std::sqrt((2 * growth + 1) / 7) / 256).epsilon(0.05));
}

TEST_CASE("a sample's result is its own, whatever stands beside it") {
  const value_shape shape{32, 5, 6};
  for (const precision of : precisions_here()) {
    const Tensor x = pixels(1, of, 20, shape, 32);
    CHECK(
        at::equal(convolved(x, {20, shape}).slice(0, 13, 17), convolved(x.slice(0, 13, 17).contiguous(), {4, shape})));
  }
}

TEST_CASE("where every pixel stands four times fewer products give the same bits") {
  for (const precision of : precisions_here())
    for (const value_shape& shape : {value_shape{32, 8, 6}, value_shape{32, 2, 20}}) {
      const Tensor small = pixels(1, of, 7, {32, shape.height / 2, shape.width / 2}, 32),
                   dy = pixels(2, of, 7, shape, 32);
      const Tensor x = small.repeat_interleave(2, 1).repeat_interleave(2, 2).contiguous();
      CHECK(at::equal(convolved(x, {7, shape, true}), convolved(x, {7, shape})));
      CHECK(at::equal(gradient(x, dy, {7, shape, true}).first, gradient(x, dy, {7, shape}).first));
      const paddings periodic{padding::circular, padding::circular};
      CHECK(at::equal(convolved(x, {7, shape, true, periodic}), convolved(x, {7, shape, false, periodic})));
    }
}

TEST_CASE("other convolutions are left to others") {
  CHECK_FALSE(winograd::fits(same, 3, 32));
  CHECK_FALSE(winograd::fits(same, 32, 3));
  CHECK_FALSE(winograd::fits(same, 32, 40));
  conv_layer halving = same;
  halving.stride = {2, 2};
  CHECK_FALSE(winograd::fits(halving, 32, 32));
  conv_layer one = same;
  one.kernel = {1, 1};
  CHECK_FALSE(winograd::fits(one, 32, 32));
}

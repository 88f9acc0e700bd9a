// Borders around images against libtorch's padding, and their adjoint.
#include "noneq/compute/detail/kernels/border.hpp"

#include "doctest.hpp"
#include "instruction_sets.hpp"
#include "noneq/core/random.hpp"
#include "small_networks.hpp"

using namespace noneq;
using namespace noneq::compute;
using namespace testing;

namespace {

// One sample as the kernels read it, [height, width, channels].
struct image {
  value_shape shape;
  Tensor x;

  image(std::uint64_t seed, const value_shape& s, at::ScalarType type)
      : shape(s), x(stream(seed).normal({s.height, s.width, s.channels}).to(type)) {}
  Tensor wide() const { return x.to(at::kDouble); }
};

conv_layer around(const paddings& with, std::int64_t before, std::int64_t after) {
  conv_layer l{0, 1, 0, none, {3, 3}, {1, 1}, {before, before}, {after, after}};
  l.padded_with = with;
  return l;
}

Tensor by_libtorch(const image& i, const conv_layer& l) {
  const char* const modes[] = {nullptr, "circular", "reflect"};
  Tensor x = i.x.to(at::kFloat).permute({2, 0, 1}).unsqueeze(0);
  if (l.padded_with[1] != padding::zeros)
    x = at::pad(x, {l.pad_before[1], l.pad_after[1], 0, 0}, modes[static_cast<int>(l.padded_with[1])]);
  if (l.padded_with[0] != padding::zeros)
    x = at::pad(x, {0, 0, l.pad_before[0], l.pad_after[0]}, modes[static_cast<int>(l.padded_with[0])]);
  return x[0].permute({1, 2, 0}).to(i.x.scalar_type());
}

// Rounded once, sums of few numbers are off by half of bf16's last digit.
constexpr double of_bf16 = 1 / 256.0;

void check(const value_shape& s, const conv_layer& l, precision of) {
  const auto type = of == precision::fp32 ? at::kFloat : at::kBFloat16;
  const border b(l, s);
  const image x(1, s, type);
  // Rows may stand apart, with numbers of others between them.
  const auto apart = static_cast<std::size_t>(b.padded().width + 3);
  const auto standing_apart = [&](const Tensor& t) { return at::constant_pad_nd(t, {0, 0, 0, 3}, 5).contiguous(); };
  const Tensor room = standing_apart(at::zeros({b.padded().height, b.padded().width, s.channels}, type));
  b.pad(of, x.x.data_ptr(), room.data_ptr(), apart);
  const Tensor padded = room.narrow(1, 0, b.padded().width);
  CHECK(at::equal(padded, by_libtorch(x, l)));
  CHECK(room.narrow(1, b.padded().width, 3).eq(5).all().item<bool>());

  // ⟨P x, y⟩ = ⟨x, Pᵀ y⟩
  const image y(2, b.padded(), type), before(3, s, type);
  Tensor folded = at::empty(x.x.sizes(), type), sum = before.x.clone();
  b.fold(of, standing_apart(y.x).data_ptr(), apart, folded.data_ptr(), false);
  b.fold(of, standing_apart(y.x).data_ptr(), apart, sum.data_ptr(), true);
  const double there = (padded.to(at::kDouble) * y.wide()).sum().item<double>(),
               back = (x.wide() * folded.to(at::kDouble)).sum().item<double>(),
               size = x.wide().norm().item<double>() * y.wide().norm().item<double>();
  const double digits = of == precision::fp32 ? 1e-6 : of_bf16;
  CHECK(std::abs(there - back) < digits * size);
  const Tensor expected = before.wide() + folded.to(at::kDouble);
  CHECK((sum.to(at::kDouble) - expected).norm().item<double>() < 2 * digits * expected.norm().item<double>());
}

}

TEST_CASE("an image with its border is libtorch's, and its adjoint sums the copies, on every instruction set") {
  on_each_target([] {
    for (const paddings& with : small::all_paddings())
      for (const value_shape& s : {value_shape{3, 5, 4}, {16, 2, 9}, {33, 4, 2}, {32, 6, 6}})
        for (const precision of : {precision::fp32, precision::bf16})
          for (const auto& [before, after] : {std::pair{1, 1}, {0, 1}}) check(s, around(with, before, after), of);
  });
  for (const padding p : {padding::circular, padding::reflect}) check({4, 5, 7}, around({p, p}, 3, 2), precision::fp32);
  check({4, 1, 1}, around({padding::circular, padding::circular}, 1, 1), precision::fp32);
}

TEST_CASE("zeros make no border") {
  CHECK(border(around({}, 1, 1), {3, 5, 4}).empty());
  CHECK(border(around({}, 1, 1), {3, 5, 4}).within(around({}, 1, 1)).pad_before[0] == 1);
  const conv_layer one = around({padding::zeros, padding::circular}, 1, 1);
  const border b(one, {3, 5, 4});
  CHECK(b.padded().height == 5);
  CHECK(b.padded().width == 6);
  CHECK(b.within(one).pad_before == std::array<std::int64_t, 2>{1, 0});
}

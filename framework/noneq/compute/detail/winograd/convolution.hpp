// 3×3 convolutions by Winograd's minimal filtering F(2×4, 3×3) (Lavin & Gray 2016): 24 products for eight pixels where
// the definition has 72. Pixels are bf16 or float32 [batch, height, width, channels], stride 1; sums are float32.
// bf16 is for machines that multiply it with AVX-512 but have no AMX, which multiplies so much faster that the
// definition wins; its factors are rounded after they were transformed. In both types the error is about 2.6 times the
// definition's. Pure, thread-safe.
#pragma once

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"

namespace noneq::compute::winograd {

// Returns whether this machine can, and is faster by it than by the definition.
bool serves(precision of);
// Returns whether there is one for these channels and this kernel, stride and padding.
bool fits(const conv_layer& l, std::int64_t in, std::int64_t out);

struct images {
  std::size_t batch, height, width;
  bool doubled = false;  // the input has every pixel four times, two by two: 18 products do
  paddings around{};     // of the input

  images(std::size_t count, const value_shape& s, bool twice = false, const paddings& with = {})
      : batch(count),
        height(static_cast<std::size_t>(s.height)),
        width(static_cast<std::size_t>(s.width)),
        doubled(twice),
        around(with) {}
};

struct convolution {
  precision of;
  images pixels;
  // A convolution's gradient in x has the channels the other way round.
  std::size_t in, out;
  // The output begins so many pixels before the input, {down, along}, and ends as many behind it: 0 or 1, which is the
  // gradient in the border.
  std::array<std::size_t, 2> margin{0, 0};

  std::size_t scratch_bytes() const;
  // y = bias + weight * x, or added to y. `packed`: of `weights`; bias, float32 [out], may be null.
  void operator()(const void* x, const void* packed, const float* bias, void* y, bool add, void* scratch) const;
};

}

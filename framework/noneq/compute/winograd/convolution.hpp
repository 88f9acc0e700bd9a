// 3×3 convolutions by Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016): 16 products for four pixels where
// the definition has 36. For machines that multiply bf16 with AVX-512 but have no AMX, which multiplies so much faster
// that the definition wins. Pixels are bf16 [batch, height, width, channels], stride 1, zeros around; sums are float32.
// What is multiplied is rounded to bf16 after it was transformed: about 1.7 times the definition's error.
// Pure, thread-safe.
#pragma once

#include "noneq/compute/layers.hpp"

namespace noneq::winograd {

// Whether this machine is one of those.
bool worthwhile();
// Whether there is one for these channels and this kernel, stride and padding.
bool fits(const conv_layer& l, std::int64_t in, std::int64_t out);

class convolution {
 public:
  // From `in` channels to `out`; a convolution's gradient in x has them the other way round.
  convolution(std::size_t batch, const value_shape& of, std::size_t in, std::size_t out);

  std::size_t scratch_bytes() const;
  // y = bias + weight * x, or added to y. `packed`: of `weights`; bias, float32 [out], may be null.
  void operator()(const void* x, const void* packed, const float* bias, void* y, bool add, void* scratch) const;

 private:
  std::size_t batch_, height_, width_, in_, out_, block_;
};

}

// The gradient of 3×3 convolutions in their weights, for machines that multiply bf16 with AVX-512 but have no AMX:
// there it is the slowest of a convolution's three passes. Pixels are bf16 [batch, height, width, channels], stride 1,
// zeros around. Pure, thread-safe.
#pragma once

#include <cstddef>

#include "noneq/compute/layers.hpp"

namespace noneq {

class weight_gradient {
 public:
  // Whether there is one for these channels and this kernel, stride and padding, if the machine multiplies bf16.
  static bool fits(const conv_layer& l, std::int64_t in, std::int64_t out);

  weight_gradient(std::size_t batch, const value_shape& in, std::int64_t out);

  std::size_t scratch_bytes() const;
  // dw[o, c, i, j] = Σ over samples and pixels p of dy[p, o]·x[p + (i − 1, j − 1), c]; products and sums in float32.
  void operator()(const void* x, const void* dy, float* dw, void* scratch) const;

 private:
  std::size_t batch_, height_, width_, in_, out_, pairs_;
};

}

// The gradient of 3×3 convolutions in their weights by Winograd's filtering: 24 products for eight pixels where the
// definition has 72. Pixels are bf16 or float32 [batch, height, width, channels], as in convolution.hpp. Pure,
// thread-safe.
#pragma once

#include "noneq/compute/detail/winograd/convolution.hpp"

namespace noneq::compute::winograd {

struct weight_gradient {
  precision of;
  images pixels;
  std::size_t in, out;

  std::size_t scratch_bytes() const;
  // dw[o, c, i, j] = Σ over samples and pixels p of dy[p, o]·x[p + (i − 1, j − 1), c], padded as `pixels` has it, and
  // db[o] = Σ dy[p, o], float32; db may be null.
  void operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const;
};

}

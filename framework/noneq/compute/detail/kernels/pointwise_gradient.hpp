// The gradient of 1×1 convolutions in their weights, for machines that multiply bf16 by AVX-512 but have no AMX: there
// oneDNN's is the slowest of such a convolution's passes. Pixels are bf16 [pixels, channels]. Pure, thread-safe.
#pragma once

#include "noneq/compute/layers.hpp"

namespace noneq::compute {

struct pointwise_gradient {
  // Returns whether there is one for these channels and this kernel, stride and padding.
  static bool fits(const conv_layer& l, std::int64_t in, std::int64_t out);

  std::size_t pixels, in, out;

  std::size_t scratch_bytes() const;
  // dw[o, c] = Σ over pixels of dy[p, o]·x[p, c] and db[o] = Σ dy[p, o], float32; db may be null.
  void operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const;
};

}

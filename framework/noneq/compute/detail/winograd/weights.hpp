// The weights of a 3×3 convolution, transformed for Winograd's filtering. Value, thread-safe.
#pragma once

#include "noneq/compute/precision.hpp"

namespace noneq::compute::winograd {

struct weights {
  precision of;
  std::size_t in, out;  // channels read and written
  bool for_gradient;    // the convolution's gradient in x, which reads and writes them the other way round

  bool operator==(const weights&) const = default;

  std::size_t bytes() const;
  // G·g·Gᵀ of the convolution's weight, float32 [written channels, read channels, 3, 3]: packed[⌈out / 32⌉, 24, in,
  // 32], or rounded to bf16 [⌈out / 32⌉, 24, in / 2, 32, 2].
  void pack(const float* weight, void* packed) const;
};

}

// The gradient of 3×3 convolutions in their weights by Winograd's filtering: 24 products for eight pixels where the
// definition has 72. Pixels are bf16 [batch, height, width, channels], as in convolution.hpp. Pure, thread-safe.
#pragma once

#include "noneq/compute/detail/winograd/convolution.hpp"

namespace noneq::compute::winograd {

class weight_gradient {
 public:
  weight_gradient(const images& of, std::size_t in, std::size_t out);

  std::size_t scratch_bytes() const;
  // dw[o, c, i, j] = Σ over samples and pixels p of dy[p, o]·x[p + (i − 1, j − 1), c], padded as `of` has it, and db[o]
  // = Σ dy[p, o], float32; db may be null.
  void operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const;

 private:
  images of_;
  std::size_t in_, out_;
  std::size_t along_, rows_;  // tiles of a row, and pairs of rows of a block
};

}

// The border of circular or reflected pixels that a convolution reads around an image, made by a copy of the image, and
// the adjoint of that copy. Pixels are [height, width, channels], one sample a call, of float32 or bf16; sums are
// float32. Thread-safe when const.
#pragma once

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"

namespace noneq::compute {

class border {
 public:
  // Around the input of `l`, of shape `s`. An axis that is padded with zeros has none.
  border(const conv_layer& l, const value_shape& s);

  bool empty() const { return padded_.height == image_.height && padded_.width == image_.width; }
  const value_shape& padded() const { return padded_; }
  // Returns the convolution as it reads the padded image.
  conv_layer within(conv_layer l) const;

  // y = P·x: the padded image. Its rows may stand further apart than they are wide, `apart` pixels.
  void pad(precision of, const void* x, void* y, std::size_t apart) const;
  // dx = Pᵀ·dy, or added to dx: each pixel is the sum of its copies.
  void fold(precision of, const void* dy, std::size_t apart, void* dx, bool add) const;

  // Neighbours along an axis that are copied together: the first of them, how many, and where each copy begins.
  struct run {
    std::size_t first, count;
    std::vector<std::size_t> copies;
  };
  struct axis {
    std::size_t before, n;
    std::vector<std::size_t> pixels;  // of the image, by pixel of the padded one
    std::vector<run> runs;            // that are the image
    axis(std::int64_t n, std::int64_t before, std::int64_t after, padding p);
  };

 private:
  value_shape image_, padded_;
  axis rows_, columns_;
};

}

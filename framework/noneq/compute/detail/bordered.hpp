// A convolution's input as oneDNN reads it where its border is not of zeros: copies of the samples with their borders,
// which stand at the beginning of the scratch while the convolution works. For one thread.
#pragma once

#include "noneq/compute/detail/kernels/border.hpp"
#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {

class bordered {
 public:
  bordered(const conv_layer& l, const operand& in, const operand& out, std::size_t batch);

  bool empty() const { return border_.empty(); }

  // The convolution of copies; of the input itself where there is no border.
  struct view {
    conv_layer layer;
    operand in, out;
    std::size_t samples;
  };
  view forward() const { return {layer_, padded_, out_, at_once_}; }
  view backward() const;

  // Bytes of the scratch that copies take.
  std::size_t forward_bytes() const { return empty() ? 0 : in_lines(at_once_ * sample_bytes()); }
  std::size_t backward_bytes() const {
    return empty() ? 0 : in_lines(batch_ * sample_bytes()) + in_lines(spread_bytes());
  }

  // Return the input and the output's gradient as the views have them; the first of forward().samples samples.
  void* input(const running& r, std::size_t first) const;
  void* input(const running& r) const;
  void* gradient(const running& r) const;
  // Writes the input's gradient, or adds to it, from that of the copies at the beginning of the scratch.
  void fold(const running& r) const;

 private:
  std::size_t sample_bytes() const { return padded_.numbers() * bytes_of(padded_.of); }
  std::size_t spread_bytes() const;
  std::size_t place(std::size_t sample, std::size_t height) const;
  std::size_t row_pixels() const { return beside_ * static_cast<std::size_t>(padded_.shape.width); }  // on the way back

  const conv_layer layer_;
  const operand in_, out_;
  const std::size_t batch_;
  const border border_;
  operand padded_;
  std::size_t at_once_, beside_ = 1;
};

}

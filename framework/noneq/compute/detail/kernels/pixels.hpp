// Operations on pixels between a network's convolutions and norms. Pixels are [height, width, channels], one sample a
// call, of float32 or bf16; sums are float32. Where a gradient is made, `add` chooses between adding it to the memory
// and overwriting it. Pure, thread-safe.
#pragma once

#include <algorithm>

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"

namespace noneq::compute {

// y = (a + b)·scale, n numbers.
void add_pixels(precision of, std::size_t n, float scale, const void* a, const void* b, void* y);
// y = x·scale, or y += x·scale.
void scale_pixels(precision of, std::size_t n, float scale, const void* x, void* y, bool add);

// y = (x + v)·scale with a float32 vector v per channel; and Σ over pixels of x·scale, added to `sum`.
void add_vector(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, const float* v,
                void* y);
void sum_pixels(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, float* sum);
// Σ over pixels of x, of each channel.
inline void set_to_sum(precision of, std::size_t pixels, std::size_t channels, const void* x, float* sum) {
  std::fill_n(sum, channels, 0.0f);
  sum_pixels(of, pixels, channels, 1, x, sum);
}

// Copies `channels` of every pixel between rows of different length, where images are joined and taken apart.
void copy_channels(precision of, std::size_t pixels, std::size_t channels, const void* x, std::size_t x_stride, void* y,
                   std::size_t y_stride, bool add);

// As above, from float32 numbers in rows of their own length.
void put_channels(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y, std::size_t y_stride,
                  bool add);

void upsample(precision of, const value_shape& in, const value_shape& out, const void* x, void* y);
void upsample_backward(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx, bool add);
void pool(precision of, const value_shape& in, const value_shape& out, const void* x, void* y);
void pool_backward(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx, bool add);

// Convert float32 [channels, pixels], libtorch's layout, to pixels, and back.
void to_pixels(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y);
void from_pixels(precision of, std::size_t pixels, std::size_t channels, const void* x, float* y);

}

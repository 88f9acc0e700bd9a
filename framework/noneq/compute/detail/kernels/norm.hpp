// Group normalisation with the operations around it: a vector added before, modulation and x·σ(x) after, in one pass
// for the sums and one for the result. Pixels are [pixels, channels], one sample a call. Pure, thread-safe.
#pragma once

#include "noneq/compute/precision.hpp"

namespace noneq::compute {

struct norm_shape {
  std::size_t pixels, channels, groups;
  float eps;
  bool silu;
  precision of;  // of x, y and their gradients

  std::size_t stats() const { return 2 * groups + channels; }  // numbers the backward pass needs of the forward pass
  std::size_t scratch() const { return pixels * channels + 4 * channels; }  // numbers either may use
};

// The vectors per channel; null where there is none.
struct norm_vectors {
  const float *weight, *bias;         // [channels]
  const float* added = nullptr;       // [channels]: x + added is normalised
  const float* modulation = nullptr;  // [scale, shift], 2·channels
};

// Sums of gradients, each added to; `added` and `modulation` may be null.
struct norm_gradients {
  float *weight, *bias, *added, *modulation;
};

void norm_forward(const norm_shape& s, const norm_vectors& v, const void* x, void* y, float* stats, float* scratch);
// The gradient in x is written, or added to dx.
void norm_backward(const norm_shape& s, const norm_vectors& v, const void* x, const void* dy, const float* stats,
                   void* dx, bool add, const norm_gradients& g, float* scratch);

}

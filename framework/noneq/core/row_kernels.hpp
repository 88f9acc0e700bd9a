// Loops over rows of numbers, vectorised for the machine the program runs on, in one pass over memory instead of
// several. Without fused products, so every instruction set gives equal bits. Thread-safe.
#pragma once

#include <cstdint>

namespace noneq::rows {

// out[i, k] = x[i, k] + scale[i]·y[i, k], all [rows, width].
void add_scaled(std::int64_t rows, std::int64_t width, const float* x, const float* scale, const float* y, float* out);
// out[i, k] = a[i]·x[i, k] + b[i]·y[i, k].
void scaled_sum(std::int64_t rows, std::int64_t width, const float* a, const float* x, const float* b, const float* y,
                float* out);
// out[k] = (x[k] − shift)/scale.
void normalise(std::int64_t n, const std::uint8_t* x, float shift, float scale, float* out);

}

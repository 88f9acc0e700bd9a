// The softmax of attention, on a tile of float32 scores [rows, columns]. Pure, thread-safe.
#pragma once

#include "noneq/compute/precision.hpp"

namespace noneq::compute {

// p = softmax(scale·scores) of each row, in the precision that the next product reads; level = ln Σ e^{scale·score}.
void softmax_rows(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores, void* p,
                  float* level);
// p again, from scores and level.
void softmax_again(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores,
                   const float* level, void* p);
// ds = scale·p∘(dp − Σ_row dp∘p).
void softmax_backward(precision of, std::size_t rows, std::size_t columns, float scale, const void* p, const float* dp,
                      void* ds);

}

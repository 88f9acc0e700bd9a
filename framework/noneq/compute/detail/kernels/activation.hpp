// Nonlinearities of n numbers, float32 or bf16. Pure, thread-safe.
#pragma once

#include "noneq/compute/layers.hpp"
#include "noneq/compute/precision.hpp"

namespace noneq::compute {

// y = f(x)
void activate(activation f, precision of, std::size_t n, const void* x, void* y);
// dx = f'(x) dy, added to dx or written over it.
void activate_backward(activation f, precision of, std::size_t n, const void* x, const void* dy, void* dx, bool add);

}

// Pixels some of which are dropped. Pure, thread-safe.
#pragma once

#include "noneq/compute/precision.hpp"

namespace noneq::compute {

// y = x·scale where `kept` is 1 and 0 where it is 0, of n numbers; added to y or written over it. Maps gradients
// likewise.
void mask_pixels(precision of, std::size_t n, float scale, const std::uint8_t* kept, const void* x, void* y, bool add);

}

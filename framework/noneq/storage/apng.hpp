// Animated PNG: a PNG whose further chunks hold further frames (APNG, part of the PNG specification since its third
// edition). A program that knows no animations shows the first frame. A pure function, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::storage {

struct apng_timing {
  std::int64_t frame = 100;  // milliseconds that each frame stands, up to 65535
  std::int64_t last = 1500;  // that the last one stands
  std::int64_t plays = 0;    // how often it plays; 0: without end
};

// Returns the bytes of frames uint8 [H, W] (grey) or [H, W, 3] (RGB), of one shape; `where` opens messages. Errors: no
// frames, another shape or dtype, a time out of range.
std::string apng_bytes(const std::string& where, const std::vector<Tensor>& frames, const apng_timing& timing);

}

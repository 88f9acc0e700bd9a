// In which spaces guides work: refused when a chunk begins, because a guide stands within a sampler. Pure, thread-safe.
#pragma once

#include "noneq/plugin.hpp"

namespace noneq {

inline void need_gaussian(const guided_chunk& chunk) {
  if (!chunk.process.kernel->has_variance())
    throw error("this guide works in gaussian space, but the kernel has discrete states");
}

// Categories have discrete states too, but are not zero everywhere.
inline void need_bits(const guided_chunk& chunk) {
  const error other("this guide works on bits, but the kernel's states are none; need kernel: binomial");
  if (chunk.process.kernel->has_variance()) throw other;
  sizes shape = chunk.shape;
  shape.insert(shape.begin(), 1);
  try {
    chunk.process.kernel->check_data(at::zeros(shape));
  } catch (const error&) {
    throw other;
  }
}

}

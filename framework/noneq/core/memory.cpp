#include "noneq/core/memory.hpp"

#include <limits>

#include <malloc.h>

namespace noneq {

void keep_freed_memory() {
  constexpr int megabyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * megabyte);  // the largest it takes; what is larger is mapped by itself
  mallopt(M_TOP_PAD, 64 * megabyte);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}

#include "noneq/compute/detail/arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include <sys/mman.h>

#include "noneq/core/error.hpp"

namespace noneq::compute {

static constexpr std::size_t large_page = std::size_t{2} << 20;

buffer_id arena_plan::add(std::size_t bytes, int first, int last) {
  buffers_.push_back({in_lines(std::max<std::size_t>(bytes, 1)), 0, first, last});
  return static_cast<buffer_id>(buffers_.size()) - 1;
}

void arena_plan::extend(buffer_id b, int last) {
  auto& buffer = buffers_[static_cast<std::size_t>(b)];
  buffer.last = std::max(buffer.last, last);
}

std::size_t arena_plan::place() {
  std::vector<std::size_t> order(buffers_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers_[a].bytes > buffers_[b].bytes; });
  std::vector<const buffer*> placed;  // by offset
  std::size_t whole = 0;
  for (const std::size_t i : order) {
    buffer& b = buffers_[i];
    b.offset = 0;
    for (const buffer* other : placed) {
      if (other->last < b.first || b.last < other->first) continue;
      if (b.offset + b.bytes <= other->offset) break;  // fits below it
      b.offset = std::max(b.offset, other->offset + other->bytes);
    }
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &b,
                                   [](const buffer* x, const buffer* y) { return x->offset < y->offset; }),
                  &b);
    whole = std::max(whole, b.offset + b.bytes);
  }
  return whole;
}

std::vector<std::size_t> arena_plan::offsets() const {
  std::vector<std::size_t> result;
  for (const buffer& b : buffers_) result.push_back(b.offset);
  return result;
}

arena::arena(std::size_t bytes)
    : bytes_((std::max<std::size_t>(bytes, 1) + large_page - 1) / large_page * large_page),
      memory_(static_cast<std::byte*>(std::aligned_alloc(large_page, bytes_)), release{bytes_}) {
  if (!memory_)
    throw error("out of memory: one call of the network at this batch size needs " + std::to_string(bytes_) +
                " bytes, need a smaller batch, chunk or model");
  madvise(memory_.get(), bytes_, MADV_HUGEPAGE);  // a wish: without it everything works, more slowly
}

// The wish is taken back: the system would otherwise give a whole large page to each small block that is later
// allocated here, and the memory of a process would grow for hours.
void arena::release::operator()(std::byte* p) const {
  madvise(p, bytes, MADV_NOHUGEPAGE);
  std::free(p);
}

}

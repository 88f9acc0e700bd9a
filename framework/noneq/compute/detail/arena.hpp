// One piece of memory for all intermediates of a plan: each buffer is alive from one moment to another, and buffers
// that are never alive together may share bytes. Placed once, before anything runs. Planning is for one thread; the
// memory belongs to its owner.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace noneq::compute {

using buffer_id = int;

// Rounds bytes up to whole lines of the cache.
constexpr std::size_t in_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

class arena_plan {
 public:
  // Alive at moments first … last, both included.
  buffer_id add(std::size_t bytes, int first, int last);
  void extend(buffer_id b, int last);

  // Places every buffer, large ones first; returns the number of bytes needed.
  std::size_t place();
  std::vector<std::size_t> offsets() const;  // by buffer_id, multiples of 64

 private:
  struct buffer {
    std::size_t bytes, offset;
    int first, last;
  };
  std::vector<buffer> buffers_;
};

// Memory in pages as large as the system gives.
class arena {
 public:
  explicit arena(std::size_t bytes);
  std::byte* data() const { return memory_.get(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct release {
    std::size_t bytes;
    void operator()(std::byte* p) const;
  };
  std::size_t bytes_;
  std::unique_ptr<std::byte, release> memory_;
};

}

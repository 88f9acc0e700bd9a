// The tiles of Winograd's minimal filtering F(2×4, 3×3) (Lavin & Gray 2016, section 4.1): a tile is two rows of four
// pixels of a 3×3 convolution's output, made of four rows of six of its input; transformed it has 24 planes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noneq/compute/layers.hpp"

namespace noneq::compute::winograd {

constexpr std::size_t tile_height = 2, tile_width = 4;  // pixels of a tile
constexpr std::size_t planes_across = tile_width + 2, planes = (tile_height + 2) * planes_across;

// Returns whether a plane of the input is 0 everywhere, because every pixel stands four times.
constexpr bool vanishes(std::size_t plane, bool doubled) { return doubled && plane / planes_across == 2; }

// A factor of a product: a float32, or two bf16, neighbours of a sum, that one instruction multiplies at once.
using word = std::uint32_t;
template <class T>
constexpr std::size_t numbers_of_word = sizeof(word) / sizeof(T);

// Numbers from plane to plane: a line of the cache more than they hold, or all of a tile would meet in one set of
// it.
constexpr std::size_t plane_of(std::size_t numbers, std::size_t bytes_of_number) {
  return numbers + 64 / bytes_of_number;
}
constexpr std::size_t plane_of_words(std::size_t count) { return plane_of(count, sizeof(word)); }

constexpr std::size_t tiles_of(std::size_t pixels, std::size_t of_tile) { return (pixels + of_tile - 1) / of_tile; }

// The channels whose sums are computed at a time, and a number of channels in whole blocks of them; results for
// channels that only fill a block are not read.
constexpr std::size_t many = 32;
constexpr std::size_t whole_blocks(std::size_t out) { return (out + many - 1) / many * many; }

// An axis of n pixels and those that stand at −1, which wraps, and at n; a number ≥ n is nowhere.
struct axis {
  std::size_t n = 0, before = 0, after = 0;

  axis() = default;
  axis(std::size_t size, padding p) : n(size) {
    const auto s = static_cast<std::int64_t>(size);
    before = static_cast<std::size_t>(pixel_at(-1, s, p));
    after = static_cast<std::size_t>(pixel_at(s, s, p));
  }
  std::size_t operator()(std::size_t i) const { return i < n ? i : i == n ? after : i + 1 == 0 ? before : n; }
};

// Rows of pixels under a row of tiles; null: nowhere.
template <class T, std::size_t rows>
struct strip {
  const T* row[rows];
  axis columns;
  std::size_t channels;

  strip(const T* image, const axis& down, const axis& along, std::size_t c, std::size_t first)
      : columns(along), channels(c) {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t at = down(first + r);
      row[r] = at < down.n ? image + at * along.n * c : nullptr;
    }
  }
};

}

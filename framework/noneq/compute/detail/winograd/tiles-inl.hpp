// Tiles of Winograd's minimal filtering F(2×4, 3×3) (Lavin & Gray 2016, section 4.1): a tile is two rows of four pixels
// of a 3×3 convolution's output, made of four rows of six of its input; transformed it has 24 planes. Downwards
// polynomials are taken at 0, 1, −1 and ∞, across at 0, ±2/3, ±3/2 and ∞, where bf16's errors grow least. Sixteen
// channels a time; pixels are bf16 [height, width, channels]. For files whose functions multiply bf16 with AVX-512.
#pragma once

#include "noneq/compute/detail/kernels/pairs-inl.hpp"

#ifdef __x86_64__

namespace noneq::compute::winograd {

using namespace pairs;

constexpr std::size_t tile_height = 2, tile_width = 4;  // pixels of a tile
constexpr std::size_t planes_across = tile_width + 2, planes = (tile_height + 2) * planes_across;

// The points within 1 and beyond it, their squares, and the divisors of the products with them. The inner point times
// the outer is 1.
struct point {
  float at, squared, divisor;
};
constexpr float inner_squared = 4 / 9.0f, outer_squared = 9 / 4.0f, squares = inner_squared + outer_squared;
constexpr point inner{2 / 3.0f, inner_squared, 2 * inner_squared*(inner_squared - outer_squared)},
    outer{3 / 2.0f, outer_squared, 2 * outer_squared*(outer_squared - inner_squared)};

// Returns whether a plane of the input is 0 everywhere, because every pixel stands four times.
constexpr bool vanishes(std::size_t plane, bool doubled) { return doubled && plane / planes_across == 2; }

// Numbers from plane to plane: a line of the cache more than they hold, or all of a tile would meet in one set of
// it.
template <class T>
constexpr std::size_t plane_of(std::size_t numbers) {
  return numbers + 64 / sizeof(T);
}

constexpr std::size_t tiles_of(std::size_t pixels, std::size_t of_tile) { return (pixels + of_tile - 1) / of_tile; }

// Returns channels in whole blocks of those that are computed at a time; results for channels that only fill a block
// are not read.
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
template <std::size_t rows>
struct strip {
  const std::uint16_t* row[rows];
  axis columns;
  std::size_t channels;

  strip(const std::uint16_t* image, const axis& down, const axis& along, std::size_t c, std::size_t first)
      : columns(along), channels(c) {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t at = down(first + r);
      row[r] = at < down.n ? image + at * along.n * c : nullptr;
    }
  }
};

template <std::size_t rows>
NONEQ_BF16 inline void load_column(const strip<rows>& x, std::size_t w, std::size_t c, __m512 (&v)[rows]) {
  const std::size_t at = x.columns(w);
#pragma GCC unroll 4
  for (std::size_t r = 0; r < rows; ++r)
    v[r] = at < x.columns.n && x.row[r] != nullptr ? load(x.row[r] + at * x.channels + c) : _mm512_setzero_ps();
}

// Bᵀ·d of a column of the input.
NONEQ_BF16 inline void read_column(const strip<4>& x, std::size_t w, std::size_t c, __m512 (&v)[4]) {
  __m512 d[4];
  load_column(x, w, c, d);
  v[0] = _mm512_sub_ps(d[0], d[2]);
  v[1] = _mm512_add_ps(d[1], d[2]);
  v[2] = _mm512_sub_ps(d[2], d[1]);
  v[3] = _mm512_sub_ps(d[1], d[3]);
}

// a + by·b
NONEQ_BF16 inline __m512 plus(__m512 a, float by, __m512 b) { return _mm512_fmadd_ps(_mm512_set1_ps(by), b, a); }

// Two planes, at `by` and −by, of their even and odd parts.
NONEQ_BF16 inline void put_both(__m512 even, float by, __m512 odd, __m512* to) {
  to[0] = plus(even, by, odd);
  to[1] = plus(even, -by, odd);
}

// Bᵀ·d of a row of the input.
NONEQ_BF16 inline void transform_row(const __m512 (&d)[planes_across], __m512 (&v)[planes_across]) {
  v[0] = plus(_mm512_add_ps(d[0], d[4]), -squares, d[2]);
  put_both(plus(d[4], -outer.squared, d[2]), inner.at, plus(d[3], -outer.squared, d[1]), v + 1);
  put_both(plus(d[4], -inner.squared, d[2]), outer.at, plus(d[3], -inner.squared, d[1]), v + 3);
  v[5] = plus(_mm512_add_ps(d[1], d[5]), -squares, d[3]);
}

// A·dy of a row of the output's gradient.
NONEQ_BF16 inline void transform_row(const __m512 (&d)[tile_width], __m512 (&v)[planes_across]) {
  v[0] = d[0];
  put_both(plus(d[0], inner.squared, d[2]), inner.at, plus(d[1], inner.squared, d[3]), v + 1);
  put_both(plus(d[0], outer.squared, d[2]), outer.at, plus(d[1], outer.squared, d[3]), v + 3);
  v[5] = d[3];
}

// The planes of a tile of which the columns are transformed: to(plane, tile, …).
template <std::size_t columns, class To>
NONEQ_BF16 inline void put_planes(const __m512 (&d)[columns][4], std::size_t tile, const To& to) {
#pragma GCC unroll 4
  for (std::size_t r = 0; r < 4; ++r) {
    __m512 row[columns], v[planes_across];
#pragma GCC unroll 6
    for (std::size_t k = 0; k < columns; ++k) row[k] = d[k][r];
    transform_row(row, v);
#pragma GCC unroll 6
    for (std::size_t k = 0; k < planes_across; ++k) to(planes_across * r + k, tile, v[k]);
  }
}

// Bᵀ·d·B of `count` tiles of a row from column `first` on: to(plane, 0 … count − 1, channels c … c + 15).
template <class To>
NONEQ_BF16 inline void read_tiles(const strip<4>& x, std::size_t first, std::size_t count, std::size_t c,
                                  const To& to) {
  __m512 d[planes_across][4];
  read_column(x, first - 1, c, d[tile_width]);
  read_column(x, first, c, d[tile_width + 1]);
  for (std::size_t t = 0; t < count; ++t) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < 4; ++r) {
      d[0][r] = d[tile_width][r];
      d[1][r] = d[tile_width + 1][r];
    }
#pragma GCC unroll 4
    for (std::size_t k = 1; k <= tile_width; ++k) read_column(x, first + tile_width * t + k, c, d[k + 1]);
    put_planes(d, t, to);
  }
}

// A·dy of a column of the output's gradient.
NONEQ_BF16 inline void read_gradient_column(const strip<2>& dy, std::size_t w, std::size_t c, __m512 (&v)[4]) {
  __m512 d[2];
  load_column(dy, w, c, d);
  v[0] = d[0];
  v[1] = _mm512_add_ps(d[0], d[1]);
  v[2] = _mm512_sub_ps(d[0], d[1]);
  v[3] = _mm512_sub_ps(_mm512_setzero_ps(), d[1]);
}

// A·dy·Aᵀ as above; the sum of the pixels is added to `sum`.
template <class To>
NONEQ_BF16 inline void read_gradient_tiles(const strip<2>& dy, std::size_t count, std::size_t c, const To& to,
                                           __m512& sum) {
  for (std::size_t t = 0; t < count; ++t) {
    __m512 d[tile_width][4];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < tile_width; ++k) {
      read_gradient_column(dy, tile_width * t + k, c, d[k]);
      sum = _mm512_add_ps(sum, d[k][1]);
    }
    put_planes(d, t, to);
  }
}

}
#endif

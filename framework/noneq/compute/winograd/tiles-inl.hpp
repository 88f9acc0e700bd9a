// Tiles of Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016, section 4.1): a tile is two by two pixels of
// what a 3×3 convolution writes, made of four by four of what it reads; transformed it has 16 planes. Sixteen channels
// a time; pixels are bf16 [height, width, channels]. For files whose functions multiply bf16 with AVX-512.
#pragma once

#include "noneq/compute/kernels/pairs-inl.hpp"

#ifdef __x86_64__

namespace noneq::winograd {

using namespace pairs;

constexpr std::size_t planes = 16;

// Whether a plane of what is read is 0 everywhere, because every pixel stands four times.
constexpr bool vanishes(std::size_t plane, bool doubled) { return doubled && (plane / 4 == 2 || plane % 4 == 2); }

// Numbers from plane to plane: a line of the cache more than they hold, or all 16 of a tile would meet in one set of
// it.
template <class T>
constexpr std::size_t plane_of(std::size_t numbers) {
  return numbers + 64 / sizeof(T);
}

// Channels in whole blocks of those that are made at a time; what is made of the ones that only fill a block, nobody
// reads.
constexpr std::size_t whole_blocks(std::size_t out) { return (out + many - 1) / many * many; }

// Rows of pixels under a row of tiles; null: beyond the image.
template <std::size_t rows>
struct strip {
  const std::uint16_t* row[rows];
  std::size_t width, channels;

  strip(const std::uint16_t* image, std::size_t height, std::size_t w, std::size_t c, std::size_t first)
      : width(w), channels(c) {
    for (std::size_t r = 0; r < rows; ++r)  // before the image `first` wraps beyond it
      row[r] = first + r < height ? image + (first + r) * w * c : nullptr;
  }
};

template <std::size_t rows>
NONEQ_BF16 inline void load_column(const strip<rows>& x, std::size_t w, std::size_t c, __m512 (&v)[rows]) {
#pragma GCC unroll 4
  for (std::size_t r = 0; r < rows; ++r)
    v[r] = w < x.width && x.row[r] != nullptr ? load(x.row[r] + w * x.channels + c) : _mm512_setzero_ps();
}

// Bᵀ·d of a column of what is read.
NONEQ_BF16 inline void read_column(const strip<4>& x, std::size_t w, std::size_t c, __m512 (&v)[4]) {
  __m512 d[4];
  load_column(x, w, c, d);
  v[0] = _mm512_sub_ps(d[0], d[2]);
  v[1] = _mm512_add_ps(d[1], d[2]);
  v[2] = _mm512_sub_ps(d[2], d[1]);
  v[3] = _mm512_sub_ps(d[1], d[3]);
}

// Bᵀ·d·B of `count` tiles of a row from tile `first` on: to(plane, 0 … count − 1, channels c … c + 15).
template <class To>
NONEQ_BF16 inline void read_tiles(const strip<4>& x, std::size_t first, std::size_t count, std::size_t c, To& to) {
  __m512 a[4], b[4], d[4], e[4];
  read_column(x, 2 * first - 1, c, a);  // wraps beyond the image where first is 0
  read_column(x, 2 * first, c, b);
  for (std::size_t t = 0; t < count; ++t) {
    const std::size_t w = 2 * (first + t);
    read_column(x, w + 1, c, d);
    read_column(x, w + 2, c, e);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < 4; ++r) {
      to(4 * r, t, _mm512_sub_ps(a[r], d[r]));
      to(4 * r + 1, t, _mm512_add_ps(b[r], d[r]));
      to(4 * r + 2, t, _mm512_sub_ps(d[r], b[r]));
      to(4 * r + 3, t, _mm512_sub_ps(b[r], e[r]));
      a[r] = d[r];
      b[r] = e[r];
    }
  }
}

// A·dy of a column of the gradient of what is written.
NONEQ_BF16 inline void read_gradient_column(const strip<2>& dy, std::size_t w, std::size_t c, __m512 (&v)[4]) {
  __m512 d[2];
  load_column(dy, w, c, d);
  v[0] = d[0];
  v[1] = _mm512_add_ps(d[0], d[1]);
  v[2] = _mm512_sub_ps(d[0], d[1]);
  v[3] = _mm512_sub_ps(_mm512_setzero_ps(), d[1]);
}

// A·dy·Aᵀ likewise.
template <class To>
NONEQ_BF16 inline void read_gradient_tiles(const strip<2>& dy, std::size_t count, std::size_t c, To& to) {
  for (std::size_t t = 0; t < count; ++t) {
    __m512 a[4], b[4];
    read_gradient_column(dy, 2 * t, c, a);
    read_gradient_column(dy, 2 * t + 1, c, b);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < 4; ++r) {
      to(4 * r, t, a[r]);
      to(4 * r + 1, t, _mm512_add_ps(a[r], b[r]));
      to(4 * r + 2, t, _mm512_sub_ps(a[r], b[r]));
      to(4 * r + 3, t, _mm512_sub_ps(_mm512_setzero_ps(), b[r]));
    }
  }
}

}
#endif

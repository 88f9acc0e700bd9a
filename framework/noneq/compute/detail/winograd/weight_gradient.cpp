#include "noneq/compute/detail/winograd/weight_gradient.hpp"

#include <algorithm>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

namespace noneq::compute::winograd {

#ifdef __x86_64__
namespace {

constexpr std::size_t block_pairs = 64;

// Tiles one below the other: a pair of them is one word of each channel. The upper ones wait for the lower.
struct to_halves {
  std::uint16_t* to;
  NONEQ_BF16 void operator()(std::size_t p, std::size_t tile, __m512 v) const {
    store(to + (tile * planes + p) * lanes, v);
  }
};
struct to_pairs {
  const std::uint16_t* upper;
  word* to;
  std::size_t plane, row;
  NONEQ_BF16 void operator()(std::size_t p, std::size_t tile, __m512 v) const {
    _mm512_storeu_si512(to + p * plane + tile * row,
                        paired(load_halves(upper + (tile * planes + p) * lanes), rounded(v)));
  }
};

// The pixels under a row of tiles, for all images; beyond the last there is nothing.
template <std::size_t rows>
strip<rows> under(const void* pixels, const images& of, const paddings& around, std::size_t channels, std::size_t row) {
  const std::size_t down = tiles_of(of.height, tile_height), above = (rows - tile_height) / 2;
  const auto* image = static_cast<const std::uint16_t*>(pixels) + row / down * of.height * of.width * channels;
  const axis nowhere, down_the_image(of.height, around[0]);
  return {image, row < of.batch * down ? down_the_image : nowhere, axis(of.width, around[1]), channels,
          tile_height * (row % down) - above};
}

NONEQ_BF16 void read_rows(const strip<4>& upper, const strip<4>& lower, std::size_t tiles, std::uint16_t* halves,
                          word* to, std::size_t plane) {
  for (std::size_t c = 0; c < upper.channels; c += lanes) {
    read_tiles(upper, 0, tiles, c, to_halves{halves});
    read_tiles(lower, 0, tiles, c, to_pairs{halves, to + c, plane, upper.channels});
  }
}

NONEQ_BF16 void read_gradient_rows(const strip<2>& upper, const strip<2>& lower, std::size_t tiles,
                                   std::uint16_t* halves, word* to, std::size_t plane, float* sums) {
  for (std::size_t c = 0; c < upper.channels; c += lanes) {
    __m512 sum = _mm512_loadu_ps(sums + c);
    read_gradient_tiles(upper, tiles, c, to_halves{halves}, sum);
    read_gradient_tiles(lower, tiles, c, to_pairs{halves, to + c, plane, whole_blocks(upper.channels)}, sum);
    _mm512_storeu_ps(sums + c, sum);
  }
}

// Gᵀ·s downwards.
NONEQ_BF16 inline void gather_down(const __m512 (&s)[4], __m512 (&to)[3]) {
  const __m512 half = _mm512_set1_ps(0.5f), sum = _mm512_mul_ps(half, _mm512_add_ps(s[1], s[2]));
  to[0] = _mm512_add_ps(s[0], sum);
  to[1] = _mm512_mul_ps(half, _mm512_sub_ps(s[1], s[2]));
  to[2] = _mm512_add_ps(sum, s[3]);
}

// The part that the planes at a point and at its negative add to Gᵀ·s.
NONEQ_BF16 inline void gather_both(const __m512* s, const point& p, __m512 (&to)[3]) {
  const __m512 even = _mm512_add_ps(s[0], s[1]), odd = _mm512_sub_ps(s[0], s[1]);
  to[0] = plus(to[0], 1 / p.divisor, even);
  to[1] = plus(to[1], p.at / p.divisor, odd);
  to[2] = plus(to[2], p.squared / p.divisor, even);
}

// Gᵀ·s of a row.
NONEQ_BF16 inline void gather_across(const float* s, std::size_t plane, __m512 (&to)[3]) {
  __m512 v[planes_across];
  for (std::size_t k = 0; k < planes_across; ++k) v[k] = _mm512_loadu_ps(s + k * plane);
  to[0] = v[0];
  to[1] = _mm512_setzero_ps();
  to[2] = v[5];
  gather_both(v + 1, inner, to);
  gather_both(v + 3, outer, to);
}

NONEQ_BF16 inline __m512d low_pairs(__m512 a, __m512 b) {
  return _mm512_castps_pd(_mm512_maskz_unpacklo_ps(all, a, b));
}
NONEQ_BF16 inline __m512d high_pairs(__m512 a, __m512 b) {
  return _mm512_castps_pd(_mm512_maskz_unpackhi_ps(all, a, b));
}
// Lane 4q + j of a, b, c and d, as the q-th quarter of the j-th vector.
NONEQ_BF16 inline void interleave(__m512 a, __m512 b, __m512 c, __m512 d, __m512 (&of)[4]) {
  constexpr __mmask8 both = 0xFF;
  of[0] = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(both, low_pairs(a, b), low_pairs(c, d)));
  of[1] = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(both, low_pairs(a, b), low_pairs(c, d)));
  of[2] = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(both, high_pairs(a, b), high_pairs(c, d)));
  of[3] = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(both, high_pairs(a, b), high_pairs(c, d)));
}

// k[0 … 8] of each lane, one after another, to `to` and every `step` numbers further.
NONEQ_BF16 inline void write_lanes(const __m512 (&k)[9], float* to, std::size_t step) {
  alignas(64) __m512 first[4], next[4], last = k[8];
  interleave(k[0], k[1], k[2], k[3], first);
  interleave(k[4], k[5], k[6], k[7], next);
  for (std::size_t lane = 0; lane < lanes; ++lane, to += step) {
    const std::size_t quarter = lane / 4 * 4;
    _mm_storeu_ps(to, _mm_load_ps(reinterpret_cast<const float*>(&first[lane % 4]) + quarter));
    _mm_storeu_ps(to + 4, _mm_load_ps(reinterpret_cast<const float*>(&next[lane % 4]) + quarter));
    to[8] = last[lane];
  }
}

// Gᵀ·sums·G of 16 of the channels written and one read.
NONEQ_BF16 void transform(const float* sums, std::size_t plane, float* dw, std::size_t step) {
  __m512 rows[4][3], result[9];
  for (std::size_t r = 0; r < 4; ++r) gather_across(sums + r * planes_across * plane, plane, rows[r]);
  for (std::size_t j = 0; j < 3; ++j) {
    __m512 column[3];
    gather_down({rows[0][j], rows[1][j], rows[2][j], rows[3][j]}, column);
    for (std::size_t i = 0; i < 3; ++i) result[3 * i + j] = column[i];
  }
  write_lanes(result, dw, step);
}

}

weight_gradient::weight_gradient(const images& of, std::size_t in, std::size_t out)
    : of_(of),
      in_(in),
      out_(out),
      along_(tiles_of(of.width, tile_width)),
      rows_(std::max<std::size_t>(1, block_pairs / along_)) {}

// Pairs of x and of dy, sums [24, in, out], sums of dy, and a row's upper tiles.
std::size_t weight_gradient::scratch_bytes() const {
  const std::size_t pairs = rows_ * along_, out = whole_blocks(out_);
  return planes * (sizeof(word) * (plane_of<word>(pairs * in_) + plane_of<word>(pairs * out)) +
                   sizeof(float) * plane_of<float>(in_ * out)) +
         sizeof(float) * out_ + sizeof(std::uint16_t) * along_ * planes * lanes;
}

void weight_gradient::operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const {
  const std::size_t rows = of_.batch * tiles_of(of_.height, tile_height), out = whole_blocks(out_);
  const std::size_t plane_x = plane_of<word>(rows_ * along_ * in_), plane_dy = plane_of<word>(rows_ * along_ * out),
                    plane = plane_of<float>(in_ * out);
  auto *read_x = static_cast<word*>(scratch), *read_dy = read_x + planes * plane_x;
  auto *sums = reinterpret_cast<float*>(read_dy + planes * plane_dy), *bias = sums + planes * plane;
  auto* halves = reinterpret_cast<std::uint16_t*>(bias + out_);
  std::fill_n(sums, planes * plane + out_, 0.0f);

  for (std::size_t begin = 0; begin < rows; begin += 2 * rows_) {
    const std::size_t count = std::min(rows_, (rows - begin + 1) / 2), pairs = count * along_;
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t row = begin + 2 * r;
      read_rows(under<4>(x, of_, of_.around, in_, row), under<4>(x, of_, of_.around, in_, row + 1), along_, halves,
                read_x + r * along_ * in_, plane_x);
      read_gradient_rows(under<2>(dy, of_, {}, out_, row), under<2>(dy, of_, {}, out_, row + 1), along_, halves,
                         read_dy + r * along_ * out, plane_dy, bias);
    }
    for (std::size_t p = 0; p < planes; ++p)
      for (std::size_t o = 0; o < out && !vanishes(p, of_.doubled); o += many)
        for (std::size_t c = 0; c < in_; c += few)
          multiply<few>({read_x + p * plane_x + c, 1, in_}, read_dy + p * plane_dy + o, out, pairs, true,
                        sums + p * plane + c * out + o, out);
  }

  if (db != nullptr) std::copy_n(bias, out_, db);
  for (std::size_t o = 0; o < out_; o += lanes)
    for (std::size_t c = 0; c < in_; ++c) transform(sums + c * out + o, plane, dw + (o * in_ + c) * 9, in_ * 9);
}
#endif

}

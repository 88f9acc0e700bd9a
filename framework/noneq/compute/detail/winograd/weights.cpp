#include "noneq/compute/detail/winograd/weights.hpp"

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

namespace noneq::compute::winograd {

#ifdef __x86_64__
namespace {

// G·g downwards.
NONEQ_BF16 inline void spread_down(const __m512 (&g)[3], __m512 (&to)[4]) {
  const __m512 half = _mm512_set1_ps(0.5f), sum = _mm512_add_ps(g[0], g[2]);
  to[0] = g[0];
  to[1] = _mm512_mul_ps(half, _mm512_add_ps(sum, g[1]));
  to[2] = _mm512_mul_ps(half, _mm512_sub_ps(sum, g[1]));
  to[3] = g[2];
}

NONEQ_BF16 inline void put_divided(const __m512 (&g)[3], const point& p, __m512* to) {
  const __m512 scale = _mm512_set1_ps(1 / p.divisor);
  put_both(_mm512_mul_ps(scale, plus(g[0], p.squared, g[2])), p.at, _mm512_mul_ps(scale, g[1]), to);
}

// G·g across.
NONEQ_BF16 inline void spread_across(const __m512 (&g)[3], __m512 (&to)[planes_across]) {
  to[0] = g[0];
  put_divided(g, inner, to + 1);
  put_divided(g, outer, to + 3);
  to[5] = g[2];
}

// G·g·Gᵀ of the 3×3 numbers at `from` of 16 channels, `step` apart; the last number first where they are turned.
NONEQ_BF16 void transform(const float* from, std::size_t step, bool turned, __m256i (&to)[planes]) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                index = _mm512_mullo_epi32(lane, _mm512_set1_epi32(static_cast<int>(step)));
  __m512 columns[3][4];
  for (std::size_t j = 0; j < 3; ++j) {
    __m512 g[3];
    for (std::size_t i = 0; i < 3; ++i)
      g[i] = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), all, index, from + (turned ? 8 - 3 * i - j : 3 * i + j), 4);
    spread_down(g, columns[j]);
  }
  for (std::size_t r = 0; r < 4; ++r) {
    __m512 row[planes_across];
    spread_across({columns[0][r], columns[1][r], columns[2][r]}, row);
    for (std::size_t k = 0; k < planes_across; ++k) to[planes_across * r + k] = rounded(row[k]);
  }
}

// Sixteen of the channels written, from o on, into their places of every plane.
NONEQ_BF16 void pack_lanes(const weights& w, const float* weight, std::size_t o, word* packed) {
  const std::size_t step_in = w.for_gradient ? 9 * w.out : 9, step_out = w.for_gradient ? 9 : 9 * w.in;
  for (std::size_t c = 0; c < w.in; c += 2) {
    const float* from = weight + c * step_in + o * step_out;
    __m256i first[planes], second[planes];
    transform(from, step_out, w.for_gradient, first);
    transform(from + step_in, step_out, w.for_gradient, second);
    for (std::size_t p = 0; p < planes; ++p)
      _mm512_storeu_si512(packed + ((o / many * planes + p) * (w.in / 2) + c / 2) * many + o % many,
                          paired(first[p], second[p]));
  }
}

}

std::size_t weights::bytes() const { return planes * (in / 2) * whole_blocks(out) * sizeof(word); }

void weights::pack(const float* weight, void* packed) const {
  for (std::size_t o = 0; o < out; o += lanes) pack_lanes(*this, weight, o, static_cast<word*>(packed));
}
#endif

}

// The parts of bf16 products by AVX-512: the instruction multiplies two neighbours of a sum at once, so that numbers
// stand in pairs, sixteen channels a time. For files whose functions are compiled for it one by one.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#define NONEQ_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace noneq::compute::pairs {

using word = std::uint32_t;  // a pair, its first number below

constexpr std::size_t lanes = 16, few = 8, many = 2 * lanes;

// A mask of all lanes: without one GCC 12 takes the lanes for uninitialised.
constexpr __mmask16 all = 0xFFFF;

NONEQ_BF16 inline __m256i load_halves(const std::uint16_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
NONEQ_BF16 inline __m512i words(__m256i halves) { return _mm512_maskz_cvtepu16_epi32(all, halves); }
NONEQ_BF16 inline __m512i shifted(__m512i v) { return _mm512_maskz_slli_epi32(all, v, 16); }
NONEQ_BF16 inline __m512 widened(__m256i halves) { return _mm512_castsi512_ps(shifted(words(halves))); }
NONEQ_BF16 inline __m512i paired(__m256i first, __m256i second) {
  return _mm512_or_si512(words(first), shifted(words(second)));
}

// Pairs of several channels: `between` words from channel to channel, `step` from row to row.
struct rows {
  const void* first;
  std::size_t between, step;
};

// sums[count, 32] = Σ over `length` rows of a[count]·b[32], or that is added to them; sums are `row` apart, and the
// channels of b one beside the other, `b_step` words from row to row.
template <std::size_t count>
NONEQ_BF16 inline void multiply(const rows& a, const word* b, std::size_t b_step, std::size_t length, bool add,
                                float* sums, std::size_t row) {
  __m512 low[count], high[count];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < count; ++i) {
    low[i] = add ? _mm512_loadu_ps(sums + i * row) : _mm512_setzero_ps();
    high[i] = add ? _mm512_loadu_ps(sums + i * row + lanes) : _mm512_setzero_ps();
  }
  const auto* from = static_cast<const unsigned char*>(a.first);
  for (std::size_t p = 0; p < length; ++p, from += a.step * sizeof(word), b += b_step) {
    const auto b_low = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b)),
               b_high = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + lanes));
#pragma GCC unroll 12
    for (std::size_t i = 0; i < count; ++i) {
      int pair;
      __builtin_memcpy(&pair, from + i * a.between * sizeof(word), sizeof pair);
      const auto same = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      low[i] = _mm512_dpbf16_ps(low[i], same, b_low);
      high[i] = _mm512_dpbf16_ps(high[i], same, b_high);
    }
  }
#pragma GCC unroll 12
  for (std::size_t i = 0; i < count; ++i) {
    _mm512_storeu_ps(sums + i * row, low[i]);
    _mm512_storeu_ps(sums + i * row + lanes, high[i]);
  }
}

}
#endif

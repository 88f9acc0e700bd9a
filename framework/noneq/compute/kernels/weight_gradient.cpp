#include "noneq/compute/kernels/weight_gradient.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#define NONEQ_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#else
#define NONEQ_BF16
#endif

namespace noneq {
namespace {

// The multiplying instruction takes two neighbours of a row at once: a pair is one 32-bit word, the left one below.
using word = std::uint32_t;
constexpr std::size_t tile_in = 8, tile_out = 32, lanes = 16;

// Pairs of two pixels, channel by channel; null is a pixel of zeros.
NONEQ_BF16 void pair_up(const std::uint16_t* left, const std::uint16_t* right, std::size_t channels, word* to) {
  for (std::size_t c = 0; c < channels; ++c)
    to[c] = (left ? left[c] : 0u) | (right ? static_cast<word>(right[c]) << 16 : 0u);
}

// A stretch of rows of pairs.
struct pairs {
  const word* first;
  std::size_t row, step;  // words from row to row, and from pair to pair
};

#ifdef __x86_64__
constexpr bool exists = true;

// sum[c, o] += Σ x[pair, c]·dy[pair, o] for 8 channels c and 32 channels o.
NONEQ_BF16 void multiply(const pairs& x, const pairs& dy, std::size_t rows, std::size_t count, float* sum,
                         std::size_t sum_row) {
  __m512 low[tile_in], high[tile_in];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < tile_in; ++c) {
    low[c] = _mm512_loadu_ps(sum + c * sum_row);
    high[c] = _mm512_loadu_ps(sum + c * sum_row + lanes);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const word *a = x.first + r * x.row, *b = dy.first + r * dy.row;
    for (std::size_t p = 0; p < count; ++p, a += x.step, b += dy.step) {
      const auto b_low = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b)),
                 b_high = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + lanes));
#pragma GCC unroll 8
      for (std::size_t c = 0; c < tile_in; ++c) {
        const auto one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[c])));
        low[c] = _mm512_dpbf16_ps(low[c], one, b_low);
        high[c] = _mm512_dpbf16_ps(high[c], one, b_high);
      }
    }
  }
#pragma GCC unroll 8
  for (std::size_t c = 0; c < tile_in; ++c) {
    _mm512_storeu_ps(sum + c * sum_row, low[c]);
    _mm512_storeu_ps(sum + c * sum_row + lanes, high[c]);
  }
}
#else
constexpr bool exists = false;
void multiply(const pairs&, const pairs&, std::size_t, std::size_t, float*, std::size_t) {}
#endif

}

bool weight_gradient::fits(const conv_layer& l, std::int64_t in, std::int64_t out) {
  using both = std::array<std::int64_t, 2>;
  return exists && l.kernel == both{3, 3} && l.stride == both{1, 1} && l.pad_before == both{1, 1} &&
         l.pad_after == both{1, 1} && in % tile_in == 0 && out % tile_out == 0;
}

weight_gradient::weight_gradient(std::size_t batch, const value_shape& in, std::int64_t out)
    : batch_(batch),
      height_(static_cast<std::size_t>(in.height)),
      width_(static_cast<std::size_t>(in.width)),
      in_(static_cast<std::size_t>(in.channels)),
      out_(static_cast<std::size_t>(out)),
      pairs_((width_ + 1) / 2) {}

// x as pairs that begin at the even and at the odd columns of padded rows, dy as pairs, and sums [3, 3, in, out].
std::size_t weight_gradient::scratch_bytes() const {
  return sizeof(word) * (2 * (height_ + 2) * (pairs_ + 1) * in_ + height_ * pairs_ * out_ + 9 * in_ * out_);
}

void weight_gradient::operator()(const void* x, const void* dy, float* dw, void* scratch) const {
  const std::size_t row_x = (pairs_ + 1) * in_, row_dy = pairs_ * out_;
  auto* even = static_cast<word*>(scratch);
  word *odd = even + (height_ + 2) * row_x, *of_dy = odd + (height_ + 2) * row_x;
  auto* sums = reinterpret_cast<float*>(of_dy + height_ * row_dy);
  std::memset(even, 0, 2 * (height_ + 2) * row_x * sizeof(word));
  std::fill_n(sums, 9 * in_ * out_, 0.0f);
  constexpr std::size_t near = 64;  // pairs of a block: few enough for the nearest cache
  const std::size_t block = std::max<std::size_t>(1, near / pairs_);

  for (std::size_t b = 0; b < batch_; ++b) {
    const auto* xb = static_cast<const std::uint16_t*>(x) + b * height_ * width_ * in_;
    const auto* dyb = static_cast<const std::uint16_t*>(dy) + b * height_ * width_ * out_;
    for (std::size_t h = 0; h < height_; ++h) {
      const auto at = [&](const std::uint16_t* image, std::size_t column, std::size_t channels) {
        return column < width_ ? image + (h * width_ + column) * channels : nullptr;
      };
      for (std::size_t p = 0; p <= pairs_; ++p)  // 2p − 1 is no column where p is 0: it wraps beyond them all
        pair_up(at(xb, 2 * p - 1, in_), at(xb, 2 * p, in_), in_, even + (h + 1) * row_x + p * in_);
      for (std::size_t p = 0; p < pairs_; ++p) {
        pair_up(at(xb, 2 * p, in_), at(xb, 2 * p + 1, in_), in_, odd + (h + 1) * row_x + p * in_);
        pair_up(at(dyb, 2 * p, out_), at(dyb, 2 * p + 1, out_), out_, of_dy + h * row_dy + p * out_);
      }
    }
    for (std::size_t h = 0; h < height_; h += block)
      for (std::size_t o = 0; o < out_; o += tile_out)
        for (std::size_t c = 0; c < in_; c += tile_in)
          for (std::size_t k = 0; k < 9; ++k) {
            const std::size_t i = k / 3, j = k % 3;
            const word* begin = (j == 1 ? odd : even) + (h + i) * row_x + (j == 2 ? in_ : 0) + c;
            multiply({begin, row_x, in_}, {of_dy + h * row_dy + o, row_dy, out_}, std::min(block, height_ - h), pairs_,
                     sums + (k * in_ + c) * out_ + o, out_);
          }
  }
  for (std::size_t o = 0; o < out_; ++o)
    for (std::size_t c = 0; c < in_; ++c)
      for (std::size_t k = 0; k < 9; ++k) dw[(o * in_ + c) * 9 + k] = sums[(k * in_ + c) * out_ + o];
}

}

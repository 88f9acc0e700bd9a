#include "noneq/compute/winograd/weight_gradient.hpp"

#include <algorithm>

#include "noneq/compute/winograd/tiles-inl.hpp"

namespace noneq::winograd {

#ifdef __x86_64__
namespace {

constexpr std::size_t tile_in = 8;

// Tiles two by two: a pair of neighbours is one word of each channel.
struct to_pairs {
  word* to;
  std::size_t plane, row;
  __m256i left[planes];
  NONEQ_BF16 void operator()(std::size_t p, std::size_t tile, __m512 v) {
    if (tile % 2 == 0)
      left[p] = rounded(v);
    else
      _mm512_storeu_si512(to + p * plane + tile / 2 * row, paired(left[p], rounded(v)));
  }
};

// The plane in the middle of a gradient's tile is the sum of its pixels, before it is rounded.
struct to_pairs_and_sum {
  to_pairs pairs;
  __m512 sum;
  NONEQ_BF16 void operator()(std::size_t p, std::size_t tile, __m512 v) {
    if (p == 5) sum = _mm512_add_ps(sum, v);
    pairs(p, tile, v);
  }
};

NONEQ_BF16 void read_row(const strip<4>& x, std::size_t pairs, word* to, std::size_t plane) {
  for (std::size_t c = 0; c < x.channels; c += lanes) {
    to_pairs sink{to + c, plane, x.channels, {}};
    read_tiles(x, 0, 2 * pairs, c, sink);
  }
}

NONEQ_BF16 void read_gradient_row(const strip<2>& dy, std::size_t pairs, word* to, std::size_t plane, float* sums) {
  for (std::size_t c = 0; c < dy.channels; c += lanes) {
    to_pairs_and_sum sink{{to + c, plane, in_blocks(dy.channels), {}}, _mm512_loadu_ps(sums + c)};
    read_gradient_tiles(dy, 2 * pairs, c, sink);
    _mm512_storeu_ps(sums + c, sink.sum);
  }
}

// sums[8, out] += Σ over pairs of x[pair, 8]·dy[pair, 32], in 32 columns of one plane.
NONEQ_BF16 void multiply(const word* x, std::size_t in, const word* dy, std::size_t out, std::size_t pairs,
                         float* sums) {
  __m512 low[tile_in], high[tile_in];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < tile_in; ++c) {
    low[c] = _mm512_loadu_ps(sums + c * out);
    high[c] = _mm512_loadu_ps(sums + c * out + lanes);
  }
  for (std::size_t p = 0; p < pairs; ++p, x += in, dy += out) {
    const auto dy_low = reinterpret_cast<__m512bh>(_mm512_loadu_si512(dy)),
               dy_high = reinterpret_cast<__m512bh>(_mm512_loadu_si512(dy + lanes));
#pragma GCC unroll 8
    for (std::size_t c = 0; c < tile_in; ++c) {
      const auto one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(x[c])));
      low[c] = _mm512_dpbf16_ps(low[c], one, dy_low);
      high[c] = _mm512_dpbf16_ps(high[c], one, dy_high);
    }
  }
#pragma GCC unroll 8
  for (std::size_t c = 0; c < tile_in; ++c) {
    _mm512_storeu_ps(sums + c * out, low[c]);
    _mm512_storeu_ps(sums + c * out + lanes, high[c]);
  }
}

// Gᵀ·(a, b, c, d)ᵀ
NONEQ_BF16 inline void gather(__m512 a, __m512 b, __m512 c, __m512 d, __m512 (&to)[3]) {
  const __m512 half = _mm512_set1_ps(0.5f), sum = _mm512_mul_ps(half, _mm512_add_ps(b, c));
  to[0] = _mm512_add_ps(a, sum);
  to[1] = _mm512_mul_ps(half, _mm512_sub_ps(b, c));
  to[2] = _mm512_add_ps(sum, d);
}

// Gᵀ·sums·G of 16 of the channels written and one read: to[3, 3, 16].
NONEQ_BF16 void transform(const float* sums, std::size_t plane, float* to) {
  __m512 rows[4][3];
  for (std::size_t r = 0; r < 4; ++r, sums += 4 * plane)
    gather(_mm512_loadu_ps(sums), _mm512_loadu_ps(sums + plane), _mm512_loadu_ps(sums + 2 * plane),
           _mm512_loadu_ps(sums + 3 * plane), rows[r]);
  for (std::size_t j = 0; j < 3; ++j) {
    __m512 column[3];
    gather(rows[0][j], rows[1][j], rows[2][j], rows[3][j], column);
    for (std::size_t i = 0; i < 3; ++i) _mm512_storeu_ps(to + (3 * i + j) * lanes, column[i]);
  }
}

}

weight_gradient::weight_gradient(std::size_t batch, const value_shape& of, std::size_t in, std::size_t out)
    : batch_(batch),
      height_(static_cast<std::size_t>(of.height)),
      width_(static_cast<std::size_t>(of.width)),
      in_(in),
      out_(out),
      pairs_((width_ + 3) / 4),
      rows_(std::max<std::size_t>(1, 64 / pairs_)) {}

// Pairs of x and of dy, and sums [16, in, out].
std::size_t weight_gradient::scratch_bytes() const {
  const std::size_t pairs = rows_ * pairs_, out = in_blocks(out_);
  return planes * (sizeof(word) * (plane_of<word>(pairs * in_) + plane_of<word>(pairs * out)) +
                   sizeof(float) * plane_of<float>(in_ * out)) +
         sizeof(float) * out_;
}

void weight_gradient::operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const {
  const std::size_t high = (height_ + 1) / 2, rows = batch_ * high, out = in_blocks(out_);
  const std::size_t plane_x = plane_of<word>(rows_ * pairs_ * in_), plane_dy = plane_of<word>(rows_ * pairs_ * out),
                    plane = plane_of<float>(in_ * out);
  auto *read_x = static_cast<word*>(scratch), *read_dy = read_x + planes * plane_x;
  auto *sums = reinterpret_cast<float*>(read_dy + planes * plane_dy), *bias = sums + planes * plane;
  std::fill_n(read_dy, planes * plane_dy, 0);  // channels that only fill a block stay so
  std::fill_n(sums, planes * plane + out_, 0.0f);

  for (std::size_t begin = 0; begin < rows; begin += rows_) {
    const std::size_t count = std::min(rows_, rows - begin);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t image = (begin + r) / high * height_ * width_, h = 2 * ((begin + r) % high);
      read_row({static_cast<const std::uint16_t*>(x) + image * in_, height_, width_, in_, h - 1}, pairs_,
               read_x + r * pairs_ * in_, plane_x);
      read_gradient_row({static_cast<const std::uint16_t*>(dy) + image * out_, height_, width_, out_, h}, pairs_,
                        read_dy + r * pairs_ * out, plane_dy, bias);
    }
    for (std::size_t p = 0; p < planes; ++p)
      for (std::size_t o = 0; o < out; o += block_out)
        for (std::size_t c = 0; c < in_; c += tile_in)
          multiply(read_x + p * plane_x + c, in_, read_dy + p * plane_dy + o, out, count * pairs_,
                   sums + p * plane + c * out + o);
  }

  if (db != nullptr) std::copy_n(bias, out_, db);
  for (std::size_t o = 0; o < out_; o += lanes)
    for (std::size_t c = 0; c < in_; ++c) {
      float of_lanes[9 * lanes];
      transform(sums + c * out + o, plane, of_lanes);
      for (std::size_t lane = 0; lane < lanes; ++lane)
        for (std::size_t k = 0; k < 9; ++k) dw[((o + lane) * in_ + c) * 9 + k] = of_lanes[k * lanes + lane];
    }
}
#endif

}

#include "noneq/compute/winograd/weight_gradient.hpp"

#include <algorithm>

#include "noneq/compute/winograd/tiles-inl.hpp"

namespace noneq::winograd {

#ifdef __x86_64__
namespace {

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
    to_pairs_and_sum sink{{to + c, plane, whole_blocks(dy.channels), {}}, _mm512_loadu_ps(sums + c)};
    read_gradient_tiles(dy, 2 * pairs, c, sink);
    _mm512_storeu_ps(sums + c, sink.sum);
  }
}

// Gᵀ·(a, b, c, d)ᵀ
NONEQ_BF16 inline void gather(__m512 a, __m512 b, __m512 c, __m512 d, __m512 (&to)[3]) {
  const __m512 half = _mm512_set1_ps(0.5f), sum = _mm512_mul_ps(half, _mm512_add_ps(b, c));
  to[0] = _mm512_add_ps(a, sum);
  to[1] = _mm512_mul_ps(half, _mm512_sub_ps(b, c));
  to[2] = _mm512_add_ps(sum, d);
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
  for (std::size_t r = 0; r < 4; ++r, sums += 4 * plane)
    gather(_mm512_loadu_ps(sums), _mm512_loadu_ps(sums + plane), _mm512_loadu_ps(sums + 2 * plane),
           _mm512_loadu_ps(sums + 3 * plane), rows[r]);
  for (std::size_t j = 0; j < 3; ++j) {
    __m512 column[3];
    gather(rows[0][j], rows[1][j], rows[2][j], rows[3][j], column);
    for (std::size_t i = 0; i < 3; ++i) result[3 * i + j] = column[i];
  }
  write_lanes(result, dw, step);
}

}

weight_gradient::weight_gradient(const images& of, std::size_t in, std::size_t out)
    : of_(of), in_(in), out_(out), pairs_((of.width + 3) / 4), rows_(std::max<std::size_t>(1, 64 / pairs_)) {}

// Pairs of x and of dy, and sums [16, in, out].
std::size_t weight_gradient::scratch_bytes() const {
  const std::size_t pairs = rows_ * pairs_, out = whole_blocks(out_);
  return planes * (sizeof(word) * (plane_of<word>(pairs * in_) + plane_of<word>(pairs * out)) +
                   sizeof(float) * plane_of<float>(in_ * out)) +
         sizeof(float) * out_;
}

void weight_gradient::operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const {
  const auto [batch, height, width, doubled] = of_;
  const std::size_t high = (height + 1) / 2, rows = batch * high, out = whole_blocks(out_);
  const std::size_t plane_x = plane_of<word>(rows_ * pairs_ * in_), plane_dy = plane_of<word>(rows_ * pairs_ * out),
                    plane = plane_of<float>(in_ * out);
  auto *read_x = static_cast<word*>(scratch), *read_dy = read_x + planes * plane_x;
  auto *sums = reinterpret_cast<float*>(read_dy + planes * plane_dy), *bias = sums + planes * plane;
  std::fill_n(sums, planes * plane + out_, 0.0f);

  for (std::size_t begin = 0; begin < rows; begin += rows_) {
    const std::size_t count = std::min(rows_, rows - begin);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t image = (begin + r) / high * height * width, h = 2 * ((begin + r) % high);
      read_row({static_cast<const std::uint16_t*>(x) + image * in_, height, width, in_, h - 1}, pairs_,
               read_x + r * pairs_ * in_, plane_x);
      read_gradient_row({static_cast<const std::uint16_t*>(dy) + image * out_, height, width, out_, h}, pairs_,
                        read_dy + r * pairs_ * out, plane_dy, bias);
    }
    for (std::size_t p = 0; p < planes; ++p)
      for (std::size_t o = 0; o < out && !vanishes(p, doubled); o += many)
        for (std::size_t c = 0; c < in_; c += few)
          multiply<few>({read_x + p * plane_x + c, 1, in_}, read_dy + p * plane_dy + o, out, count * pairs_, true,
                        sums + p * plane + c * out + o, out);
  }

  if (db != nullptr) std::copy_n(bias, out_, db);
  for (std::size_t o = 0; o < out_; o += lanes)
    for (std::size_t c = 0; c < in_; ++c) transform(sums + c * out + o, plane, dw + (o * in_ + c) * 9, in_ * 9);
}
#endif

}

#include "noneq/compute/detail/winograd/weight_gradient.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/winograd/weight_gradient.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

// Once, for all instruction sets.
#ifndef NONEQ_WINOGRAD_WEIGHT_GRADIENT
#define NONEQ_WINOGRAD_WEIGHT_GRADIENT
namespace noneq::compute::winograd {

constexpr std::size_t channels_at_once = 8, words_of_block = 64, lanes_of_bf16 = 16;

// Words of a block: of so many rows of tiles, or pairs of rows, so many along each.
struct block_of_words {
  std::size_t along, rows;
  explicit block_of_words(const images& pixels)
      : along(tiles_of(pixels.width, tile_width)), rows(std::max<std::size_t>(1, words_of_block / along)) {}
  std::size_t words() const { return rows * along; }
};

struct gradient_call {
  const void *x, *dy;
  float *dw, *db;
  void* scratch;
};

}
#endif

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::winograd::HWY_NAMESPACE {

// Where a word is two numbers, a tile and the one below it make it: the upper ones wait for the lower.
template <class T>
struct to_halves {
  T* to;
  HWY_INLINE void operator()(std::size_t p, std::size_t tile, V v) const {
    store(v, D(), to + (tile * planes + p) * lanes);
  }
};
template <class T>
struct to_words {
  const T* upper;
  word* to;
  std::size_t plane, row;
  HWY_INLINE void operator()(std::size_t p, std::size_t tile, V v) const {
    store_words(upper + (tile * planes + p) * lanes, v, to + p * plane + tile * row);
  }
};

// The pixels under a row of tiles, for all images; beyond the last there is nothing.
template <std::size_t rows, class T>
strip<T, rows> under(const T* pixels, const images& of, const paddings& around, std::size_t channels, std::size_t row) {
  const std::size_t down = tiles_of(of.height, tile_height), above = (rows - tile_height) / 2;
  const T* image = pixels + row / down * of.height * of.width * channels;
  const axis nowhere, down_the_image(of.height, around[0]);
  return {image, row < of.batch * down ? down_the_image : nowhere, axis(of.width, around[1]), channels,
          tile_height * (row % down) - above};
}

// The words of a row of tiles, or of two.
template <class T>
void read_rows(const weight_gradient& g, const T* x, std::size_t row, std::size_t tiles, T* halves, word* to,
               std::size_t plane) {
  const auto last = under<4>(x, g.pixels, g.pixels.around, g.in, row + numbers_of_word<T> - 1);
  for (std::size_t c = 0; c < g.in; c += lanes) {
    if constexpr (numbers_of_word<T> == 2)
      read_tiles(under<4>(x, g.pixels, g.pixels.around, g.in, row), 0, tiles, c, to_halves<T>{halves});
    read_tiles(last, 0, tiles, c, to_words<T>{halves, to + c, plane, g.in});
  }
}

template <class T>
void read_gradient_rows(const weight_gradient& g, const T* dy, std::size_t row, std::size_t tiles, T* halves, word* to,
                        std::size_t plane, float* sums) {
  const auto last = under<2>(dy, g.pixels, {}, g.out, row + numbers_of_word<T> - 1);
  for (std::size_t c = 0; c < g.out; c += lanes) {
    V sum = load(D(), sums + c);
    if constexpr (numbers_of_word<T> == 2)
      read_gradient_tiles(under<2>(dy, g.pixels, {}, g.out, row), tiles, c, to_halves<T>{halves}, sum);
    read_gradient_tiles(last, tiles, c, to_words<T>{halves, to + c, plane, whole_blocks(g.out)}, sum);
    store(sum, D(), sums + c);
  }
}

// Gᵀ·s downwards.
HWY_INLINE void gather_down(const V (&s)[4], V (&to)[3]) {
  const V half = hn::Set(D(), 0.5f), sum = hn::Mul(half, hn::Add(s[1], s[2]));
  to[0] = hn::Add(s[0], sum);
  to[1] = hn::Mul(half, hn::Sub(s[1], s[2]));
  to[2] = hn::Add(sum, s[3]);
}

// The part that the planes at a point and at its negative add to Gᵀ·s.
HWY_INLINE void gather_both(const V* s, const point& p, V (&to)[3]) {
  const V even = hn::Add(s[0], s[1]), odd = hn::Sub(s[0], s[1]);
  to[0] = plus(to[0], 1 / p.divisor, even);
  to[1] = plus(to[1], p.at / p.divisor, odd);
  to[2] = plus(to[2], p.squared / p.divisor, even);
}

// Gᵀ·s of a row.
HWY_INLINE void gather_across(const float* s, std::size_t plane, V (&to)[3]) {
  V v[planes_across];
  for (std::size_t k = 0; k < planes_across; ++k) v[k] = load(D(), s + k * plane);
  to[0] = v[0];
  to[1] = hn::Zero(D());
  to[2] = v[5];
  gather_both(v + 1, inner, to);
  gather_both(v + 3, outer, to);
}

#if HWY_TARGET != HWY_SCALAR
// Lane 4q + j of k[0 … 3], as the q-th four numbers of to[j].
HWY_INLINE void interleave(const V* k, float (&to)[4][lanes]) {
  const hn::RepartitionToWide<D> wide;
  const auto low = [&](const V* of) HWY_ATTR { return hn::BitCast(wide, hn::InterleaveLower(D(), of[0], of[1])); };
  const auto high = [&](const V* of) HWY_ATTR { return hn::BitCast(wide, hn::InterleaveUpper(D(), of[0], of[1])); };
  const auto put = [&](auto v, float* at) HWY_ATTR { store(hn::BitCast(D(), v), D(), at); };
  put(hn::InterleaveLower(wide, low(k), low(k + 2)), to[0]);
  put(hn::InterleaveUpper(wide, low(k), low(k + 2)), to[1]);
  put(hn::InterleaveLower(wide, high(k), high(k + 2)), to[2]);
  put(hn::InterleaveUpper(wide, high(k), high(k + 2)), to[3]);
}

// k[0 … 8] of each lane, one after another, to `to` and every `step` numbers further.
HWY_INLINE void write_lanes(const V (&k)[9], float* to, std::size_t step) {
  alignas(64) float first[4][lanes], next[4][lanes], last[lanes];
  interleave(k, first);
  interleave(k + 4, next);
  store(k[8], D(), last);
  for (std::size_t lane = 0; lane < lanes; ++lane, to += step) {
    const std::size_t quarter = lane / 4 * 4;
    std::memcpy(to, first[lane % 4] + quarter, 4 * sizeof(float));
    std::memcpy(to + 4, next[lane % 4] + quarter, 4 * sizeof(float));
    to[8] = last[lane];
  }
}
#else
HWY_INLINE void write_lanes(const V (&k)[9], float* to, std::size_t) {
  for (std::size_t i = 0; i < 9; ++i) store(k[i], D(), to + i);
}
#endif

// Gᵀ·sums·G of as many of the channels written as there are lanes, and one read.
void transform(const float* sums, std::size_t plane, float* dw, std::size_t step) {
  V rows[4][3], result[9];
  for (std::size_t r = 0; r < 4; ++r) gather_across(sums + r * planes_across * plane, plane, rows[r]);
  for (std::size_t j = 0; j < 3; ++j) {
    V column[3];
    gather_down({rows[0][j], rows[1][j], rows[2][j], rows[3][j]}, column);
    for (std::size_t i = 0; i < 3; ++i) result[3 * i + j] = column[i];
  }
  write_lanes(result, dw, step);
}

template <class T>
void differentiate_in(const weight_gradient& g, const gradient_call& call) {
  constexpr std::size_t in_word = numbers_of_word<T>, at_once = channels_at_once;
  const auto *x = static_cast<const T*>(call.x), *dy = static_cast<const T*>(call.dy);
  const block_of_words block(g.pixels);
  const std::size_t rows = g.pixels.batch * tiles_of(g.pixels.height, tile_height), in = g.in,
                    out = whole_blocks(g.out);
  const std::size_t plane_x = plane_of_words(block.words() * in), plane_dy = plane_of_words(block.words() * out),
                    plane = plane_of_words(in * out);
  auto *read_x = static_cast<word*>(call.scratch), *read_dy = read_x + planes * plane_x;
  auto *sums = reinterpret_cast<float*>(read_dy + planes * plane_dy), *bias = sums + planes * plane;
  auto* halves = reinterpret_cast<T*>(bias + g.out);
  std::fill_n(sums, planes * plane + g.out, 0.0f);

  for (std::size_t begin = 0; begin < rows; begin += in_word * block.rows) {
    const std::size_t count = std::min(block.rows, tiles_of(rows - begin, in_word)), words = count * block.along;
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t row = begin + in_word * r;
      read_rows(g, x, row, block.along, halves, read_x + r * block.along * in, plane_x);
      read_gradient_rows(g, dy, row, block.along, halves, read_dy + r * block.along * out, plane_dy, bias);
    }
    for (std::size_t p = 0; p < planes; ++p)
      for (std::size_t o = 0; o < out && !vanishes(p, g.pixels.doubled); o += many)
        for (std::size_t c = 0; c < in; c += at_once)
          multiply<T, at_once>(read_x + p * plane_x + c, 1, in, read_dy + p * plane_dy + o, out, words, true,
                               sums + p * plane + c * out + o, out);
  }

  if (call.db != nullptr) std::copy_n(bias, g.out, call.db);
  for (std::size_t o = 0; o < g.out; o += lanes)
    for (std::size_t c = 0; c < in; ++c) transform(sums + c * out + o, plane, call.dw + (o * in + c) * 9, in * 9);
}

void differentiate(const weight_gradient& g, const gradient_call& call) {
#if NONEQ_AVX512
  if (g.of == precision::bf16) return differentiate_in<hardware_bf16>(g, call);
#endif
  differentiate_in<float>(g, call);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute::winograd {

HWY_EXPORT(differentiate);

// Words of x and of dy, sums [24, in, out], sums of dy, and a row's upper tiles.
std::size_t weight_gradient::scratch_bytes() const {
  const block_of_words block(pixels);
  const std::size_t written = whole_blocks(out),
                    halves = of == precision::bf16 ? block.along * planes * lanes_of_bf16 : 0;
  return planes * (sizeof(word) * (plane_of_words(block.words() * in) + plane_of_words(block.words() * written)) +
                   sizeof(float) * plane_of_words(in * written)) +
         sizeof(float) * out + sizeof(bf16) * halves;
}

void weight_gradient::operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const {
  HWY_DYNAMIC_DISPATCH(differentiate)(*this, {x, dy, dw, db, scratch});
}

}
#endif

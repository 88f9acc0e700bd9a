#include "noneq/compute/detail/winograd/convolution.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/winograd/convolution.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

// Once, for all instruction sets.
#ifndef NONEQ_WINOGRAD_CONVOLUTION
#define NONEQ_WINOGRAD_CONVOLUTION
namespace noneq::compute::winograd {

constexpr std::size_t tiles_at_once = 12;

// Tiles of a block: as many as stay, transformed, in a quarter of the second cache.
inline std::size_t block_of(const convolution& c) {
  const std::size_t numbers = 16384 / bytes_of(c.of);
  return tiles_at_once * std::clamp<std::size_t>(numbers / c.in / tiles_at_once, 2, 8);
}

struct convolution_call {
  const void *x, *packed;
  const float* bias;
  void* y;
  bool add;
  void* scratch;
};

}
#endif

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::winograd::HWY_NAMESPACE {

template <class T>
struct to_planes {
  T* to;
  std::size_t plane, row;
  HWY_INLINE void operator()(std::size_t p, std::size_t tile, V v) const { store(v, D(), to + p * plane + tile * row); }
};

template <class T>
void read_run(const strip<T, 4>& x, std::size_t first, std::size_t count, T* to, std::size_t plane) {
  for (std::size_t c = 0; c < x.channels; c += lanes)
    read_tiles(x, first, count, c, to_planes<T>{to + c, plane, x.channels});
}

// The place of a run of tiles of one row: its first pixel, numbers from row to row and from pixel to pixel, how many
// pixels of a row lie in the image, and whether the tiles' lower ones do.
template <class T>
struct target {
  T* to;
  std::size_t row, channels, pixels;
  bool below, add;
};

// Aᵀ·m of a row.
HWY_INLINE void write_across(const float* m, std::size_t plane, V (&y)[tile_width]) {
  V v[planes_across];
#pragma GCC unroll 6
  for (std::size_t k = 0; k < planes_across; ++k) v[k] = load(D(), m + k * plane);
  const V even = hn::Add(v[1], v[2]), odd = hn::Sub(v[1], v[2]), outer_even = hn::Add(v[3], v[4]),
          outer_odd = hn::Sub(v[3], v[4]);
  y[0] = hn::Add(v[0], hn::Add(even, outer_even));
  y[1] = plus(hn::Mul(hn::Set(D(), outer.at), outer_odd), inner.at, odd);
  y[2] = plus(hn::Mul(hn::Set(D(), outer.squared), outer_even), inner.squared, even);
  y[3] = plus(plus(v[5], outer.at * outer.squared, outer_odd), inner.at * inner.squared, odd);
}

// Aᵀ·m·A of one tile, of which `pixels` columns are in the image.
template <class T>
HWY_INLINE void write_tile(const float* m, std::size_t plane, V bias, const target<T>& y, T* to, std::size_t pixels) {
  V z[4][tile_width];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < 4; ++r) write_across(m + r * planes_across * plane, plane, z[r]);
#pragma GCC unroll 4
  for (std::size_t k = 0; k < tile_width; ++k, to += y.channels) {
    if (k >= pixels) return;
    put(hn::Add(hn::Add(bias, z[0][k]), hn::Add(z[1][k], z[2][k])), D(), to, y.add);
    if (y.below) put(hn::Add(hn::Sub(bias, z[3][k]), hn::Sub(z[1][k], z[2][k])), D(), to + y.row, y.add);
  }
}

template <class T>
void write_run(const float* sums, std::size_t plane, const float* bias, const target<T>& y, std::size_t count,
               std::size_t channels) {
  for (std::size_t c = 0; c < channels; c += lanes) {
    const V b = bias != nullptr ? load(D(), bias + c) : hn::Zero(D());
    for (std::size_t t = 0; t < count; ++t)
      write_tile(sums + t * many + c, plane, b, y, y.to + tile_width * t * y.channels + c,
                 std::min(tile_width, y.pixels - tile_width * t));
  }
}

template <class T>
void convolve_in(const convolution& g, const convolution_call& call) {
  const bool doubled = g.pixels.doubled;
  const std::size_t in = g.in, out = g.out, words = in / numbers_of_word<T>;
  const std::size_t height = g.pixels.height + 2 * g.margin[0], width = g.pixels.width + 2 * g.margin[1];
  const axis rows(g.pixels.height, g.pixels.around[0]), columns(g.pixels.width, g.pixels.around[1]);
  const std::size_t down = tiles_of(height, tile_height), along = tiles_of(width, tile_width),
                    tiles = g.pixels.batch * down * along;
  const std::size_t block = block_of(g), plane = plane_of(block * in, sizeof(T)),
                    sum_plane = plane_of_words(block * many);
  auto* read = static_cast<T*>(call.scratch);
  auto* sums = reinterpret_cast<float*>(read + planes * plane);
  for (std::size_t p = 0; p < planes; ++p)
    if (vanishes(p, doubled)) std::fill_n(sums + p * sum_plane, sum_plane, 0.0f);

  // Runs of tiles of one row: f(place in the block, first of the row, how many, image, upper row of pixels).
  const auto runs = [&](std::size_t begin, std::size_t count, auto f) HWY_ATTR {
    for (std::size_t t = 0, run; t < count; t += run) {
      const std::size_t row = (begin + t) / along, first = (begin + t) % along;
      run = std::min(along - first, count - t);
      f(t, first, run, row / down, tile_height * (row % down));
    }
  };

  for (std::size_t begin = 0; begin < tiles; begin += block) {
    const std::size_t count = std::min(block, tiles - begin);
    runs(begin, count,
         [&](std::size_t t, std::size_t first, std::size_t run, std::size_t image, std::size_t h) HWY_ATTR {
           const T* pixels = static_cast<const T*>(call.x) + image * g.pixels.height * g.pixels.width * in;
           read_run<T>({pixels, rows, columns, in, h - 1 - g.margin[0]}, tile_width * first - g.margin[1], run,
                       read + t * in, plane);
         });
    const auto* w = static_cast<const word*>(call.packed);
    for (std::size_t o = 0; o < out; o += many) {
      for (std::size_t p = 0; p < planes; ++p, w += words * many)
        for (std::size_t t = 0; t < count && !vanishes(p, doubled); t += tiles_at_once)
          multiply<T, tiles_at_once>(read + p * plane + t * in, words, 1, w, many, words, false,
                                     sums + p * sum_plane + t * many, many);
      runs(begin, count,
           [&](std::size_t t, std::size_t first, std::size_t run, std::size_t image, std::size_t h) HWY_ATTR {
             T* to = static_cast<T*>(call.y) + ((image * height + h) * width + tile_width * first) * out + o;
             const target<T> here{to, width * out, out, width - tile_width * first, h + 1 < height, call.add};
             write_run(sums + t * many, sum_plane, call.bias != nullptr ? call.bias + o : nullptr, here, run,
                       std::min(many, out - o));
           });
    }
  }
}

// Eight lanes or more have fused products and enough registers.
bool multiplies_fast(precision of) { return of == precision::bf16 ? NONEQ_AVX512 != 0 : lanes >= 8; }

void convolve(const convolution& g, const convolution_call& call) {
#if NONEQ_AVX512
  if (g.of == precision::bf16) return convolve_in<hardware_bf16>(g, call);
#endif
  convolve_in<float>(g, call);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute::winograd {

HWY_EXPORT(convolve);
HWY_EXPORT(multiplies_fast);

bool serves(precision of) {
  return (of == precision::fp32 || multiplies_bf16_without_amx()) && HWY_DYNAMIC_DISPATCH(multiplies_fast)(of);
}

bool fits(const conv_layer& l, std::int64_t in, std::int64_t out) {
  const auto enough = [](std::int64_t channels) { return channels % 16 == 0 && channels >= 32; };
  return l.reads_squares(3) && enough(in) && enough(out);
}

std::size_t convolution::scratch_bytes() const {
  const std::size_t block = block_of(*this);
  return planes * (plane_of(block * in, bytes_of(of)) * bytes_of(of) + plane_of_words(block * many) * sizeof(float));
}

void convolution::operator()(const void* x, const void* packed, const float* bias, void* y, bool add,
                             void* scratch) const {
  HWY_DYNAMIC_DISPATCH(convolve)(*this, {x, packed, bias, y, add, scratch});
}

}
#endif

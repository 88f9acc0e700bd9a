#include "noneq/compute/detail/winograd/convolution.hpp"

#include <algorithm>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

namespace noneq::compute::winograd {

bool fits(const conv_layer& l, std::int64_t in, std::int64_t out) {
  const auto enough = [](std::int64_t channels) { return channels % 16 == 0 && channels >= 32; };
  return l.reads_squares(3) && enough(in) && enough(out);
}

#ifdef __x86_64__
namespace {

constexpr std::size_t tiles_at_once = 12;

struct to_planes {
  std::uint16_t* to;
  std::size_t plane, row;
  NONEQ_BF16 void operator()(std::size_t p, std::size_t tile, __m512 v) const { store(to + p * plane + tile * row, v); }
};

NONEQ_BF16 void read_run(const strip<4>& x, std::size_t first, std::size_t count, std::uint16_t* to,
                         std::size_t plane) {
  for (std::size_t c = 0; c < x.channels; c += lanes)
    read_tiles(x, first, count, c, to_planes{to + c, plane, x.channels});
}

// The place of a run of tiles of one row: its first pixel, numbers from row to row and from pixel to pixel, how many
// pixels of a row lie in the image, and whether the tiles' lower ones do.
struct target {
  std::uint16_t* to;
  std::size_t row, channels, pixels;
  bool below, add;
};

NONEQ_BF16 inline void put(std::uint16_t* to, __m512 v, bool add) { store(to, add ? _mm512_add_ps(v, load(to)) : v); }

// Aᵀ·m of a row.
NONEQ_BF16 inline void write_across(const float* m, std::size_t plane, __m512 (&y)[tile_width]) {
  __m512 v[planes_across];
#pragma GCC unroll 6
  for (std::size_t k = 0; k < planes_across; ++k) v[k] = _mm512_loadu_ps(m + k * plane);
  const __m512 even = _mm512_add_ps(v[1], v[2]), odd = _mm512_sub_ps(v[1], v[2]),
               outer_even = _mm512_add_ps(v[3], v[4]), outer_odd = _mm512_sub_ps(v[3], v[4]);
  y[0] = _mm512_add_ps(v[0], _mm512_add_ps(even, outer_even));
  y[1] = plus(_mm512_mul_ps(_mm512_set1_ps(outer.at), outer_odd), inner.at, odd);
  y[2] = plus(_mm512_mul_ps(_mm512_set1_ps(outer.squared), outer_even), inner.squared, even);
  y[3] = plus(plus(v[5], outer.at * outer.squared, outer_odd), inner.at * inner.squared, odd);
}

// Aᵀ·m·A of one tile, of which `pixels` columns are in the image.
NONEQ_BF16 inline void write_tile(const float* m, std::size_t plane, __m512 bias, const target& y, std::uint16_t* to,
                                  std::size_t pixels) {
  __m512 z[4][tile_width];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < 4; ++r) write_across(m + r * planes_across * plane, plane, z[r]);
#pragma GCC unroll 4
  for (std::size_t k = 0; k < tile_width; ++k, to += y.channels) {
    if (k >= pixels) return;
    put(to, _mm512_add_ps(_mm512_add_ps(bias, z[0][k]), _mm512_add_ps(z[1][k], z[2][k])), y.add);
    if (y.below) put(to + y.row, _mm512_add_ps(_mm512_sub_ps(bias, z[3][k]), _mm512_sub_ps(z[1][k], z[2][k])), y.add);
  }
}

NONEQ_BF16 void write_run(const float* sums, std::size_t plane, const float* bias, const target& y, std::size_t count,
                          std::size_t channels) {
  for (std::size_t c = 0; c < channels; c += lanes) {
    const __m512 b = bias != nullptr ? _mm512_loadu_ps(bias + c) : _mm512_setzero_ps();
    for (std::size_t t = 0; t < count; ++t)
      write_tile(sums + t * many + c, plane, b, y, y.to + tile_width * t * y.channels + c,
                 std::min(tile_width, y.pixels - tile_width * t));
  }
}

}

convolution::convolution(const images& of, std::size_t in, std::size_t out, std::array<std::size_t, 2> margin)
    : of_(of),
      in_(in),
      out_(out),
      // As many as stay, transformed, in a quarter of the second cache.
      block_(tiles_at_once * std::clamp<std::size_t>(8192 / in / tiles_at_once, 2, 8)),
      margin_(margin) {}

std::size_t convolution::scratch_bytes() const {
  return planes * (plane_of<std::uint16_t>(block_ * in_) * sizeof(std::uint16_t) +
                   plane_of<float>(block_ * many) * sizeof(float));
}

void convolution::operator()(const void* x, const void* packed, const float* bias, void* y, bool add,
                             void* scratch) const {
  const bool doubled = of_.doubled;
  const std::size_t batch = of_.batch, height = of_.height + 2 * margin_[0], width = of_.width + 2 * margin_[1];
  const axis rows(of_.height, of_.around[0]), columns(of_.width, of_.around[1]);
  const std::size_t down = tiles_of(height, tile_height), along = tiles_of(width, tile_width),
                    tiles = batch * down * along;
  const std::size_t plane = plane_of<std::uint16_t>(block_ * in_), sum_plane = plane_of<float>(block_ * many);
  auto* read = static_cast<std::uint16_t*>(scratch);
  auto* sums = reinterpret_cast<float*>(read + planes * plane);
  for (std::size_t p = 0; p < planes; ++p)
    if (vanishes(p, doubled)) std::fill_n(sums + p * sum_plane, sum_plane, 0.0f);

  // Runs of tiles of one row: f(place in the block, first of the row, how many, image, upper row of pixels).
  const auto runs = [&](std::size_t begin, std::size_t count, auto f) {
    for (std::size_t t = 0, run; t < count; t += run) {
      const std::size_t row = (begin + t) / along, first = (begin + t) % along;
      run = std::min(along - first, count - t);
      f(t, first, run, row / down, tile_height * (row % down));
    }
  };

  for (std::size_t begin = 0; begin < tiles; begin += block_) {
    const std::size_t count = std::min(block_, tiles - begin);
    runs(begin, count, [&](std::size_t t, std::size_t first, std::size_t run, std::size_t image, std::size_t h) {
      const auto* pixels = static_cast<const std::uint16_t*>(x) + image * of_.height * of_.width * in_;
      read_run({pixels, rows, columns, in_, h - 1 - margin_[0]}, tile_width * first - margin_[1], run, read + t * in_,
               plane);
    });
    const auto* w = static_cast<const word*>(packed);
    for (std::size_t o = 0; o < out_; o += many) {
      for (std::size_t p = 0; p < planes; ++p, w += in_ / 2 * many)
        for (std::size_t t = 0; t < count && !vanishes(p, doubled); t += tiles_at_once)
          multiply<tiles_at_once>({read + p * plane + t * in_, in_ / 2, 1}, w, many, in_ / 2, false,
                                  sums + p * sum_plane + t * many, many);
      runs(begin, count, [&](std::size_t t, std::size_t first, std::size_t run, std::size_t image, std::size_t h) {
        auto* to = static_cast<std::uint16_t*>(y) + ((image * height + h) * width + tile_width * first) * out_ + o;
        const target here{to, width * out_, out_, width - tile_width * first, h + 1 < height, add};
        write_run(sums + t * many, sum_plane, bias != nullptr ? bias + o : nullptr, here, run,
                  std::min(many, out_ - o));
      });
    }
  }
}
#endif

}

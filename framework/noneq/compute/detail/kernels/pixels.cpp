#include "noneq/compute/detail/kernels/pixels.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/pixels.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

void add_of(precision of, std::size_t n, float scale, const void* a, const void* b, void* y) {
  typed(
      of,
      [&](auto* pa, auto* pb, auto* py) HWY_ATTR {
        over(n, [&](auto d, std::size_t i) HWY_ATTR {
          store(hn::Mul(hn::Add(load(d, pa + i), load(d, pb + i)), hn::Set(d, scale)), d, py + i);
        });
      },
      a, b, y);
}

void scale_of(precision of, std::size_t n, float scale, const void* x, void* y, bool add) {
  typed(
      of,
      [&](auto* px, auto* py) HWY_ATTR {
        over(n,
             [&](auto d, std::size_t i) HWY_ATTR { put(hn::Mul(load(d, px + i), hn::Set(d, scale)), d, py + i, add); });
      },
      x, y);
}

void add_vector_of(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, const float* v,
                   void* y) {
  typed(
      of,
      [&](auto* px, auto* py) HWY_ATTR {
        for (std::size_t p = 0; p < pixels; ++p, px += channels, py += channels)
          over(channels, [&](auto d, std::size_t c) HWY_ATTR {
            store(hn::Mul(hn::Add(load(d, px + c), load(d, v + c)), hn::Set(d, scale)), d, py + c);
          });
      },
      x, y);
}

void sum_of(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, float* sum) {
  typed(
      of,
      [&](auto* px) HWY_ATTR {
        over(channels, [&](auto d, std::size_t c) HWY_ATTR {
          auto total = hn::Zero(d);
          for (std::size_t p = 0; p < pixels; ++p) total = hn::Add(total, load(d, px + p * channels + c));
          store(hn::MulAdd(total, hn::Set(d, scale), load(d, sum + c)), d, sum + c);
        });
      },
      x);
}

void copy_of(precision of, std::size_t pixels, std::size_t channels, const void* x, std::size_t x_stride, void* y,
             std::size_t y_stride, bool add) {
  typed(
      of,
      [&](auto* px, auto* py) HWY_ATTR {
        for (std::size_t p = 0; p < pixels; ++p, px += x_stride, py += y_stride) {
          if (!add) {
            std::memcpy(py, px, channels * sizeof *px);
            continue;
          }
          over(channels,
               [&](auto d, std::size_t c) HWY_ATTR { store(hn::Add(load(d, px + c), load(d, py + c)), d, py + c); });
        }
      },
      x, y);
}

void put_of(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y, std::size_t y_stride,
            bool add) {
  typed(
      of,
      [&](auto* py) HWY_ATTR {
        for (std::size_t p = 0; p < pixels; ++p, py += y_stride)
          over(channels, [&](auto d, std::size_t c) HWY_ATTR { put(load(d, x + p * channels + c), d, py + c, add); });
      },
      y);
}

// The first pixel of `out` that reads pixel i of `in`.
inline std::size_t first_reader(std::int64_t i, std::int64_t in, std::int64_t out) {
  return static_cast<std::size_t>((i * out + in - 1) / in);
}

void upsample_of(precision of, const value_shape& in, const value_shape& out, const void* x, void* y) {
  const auto bytes = static_cast<std::size_t>(in.channels) * bytes_of(of);
  auto* to = static_cast<char*>(y);
  for (std::int64_t r = 0; r < out.height; ++r)
    for (std::int64_t c = 0; c < out.width; ++c, to += bytes) {
      const std::int64_t from = r * in.height / out.height * in.width + c * in.width / out.width;
      std::memcpy(to, static_cast<const char*>(x) + static_cast<std::size_t>(from) * bytes, bytes);
    }
}

void upsample_backward_of(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx,
                          bool add) {
  const auto C = static_cast<std::size_t>(in.channels), W = static_cast<std::size_t>(out.width);
  typed(
      of,
      [&](auto* from, auto* to) HWY_ATTR {
        for (std::int64_t r = 0; r < in.height; ++r)
          for (std::int64_t q = 0; q < in.width; ++q, to += C)
            over(C, [&](auto d, std::size_t c) HWY_ATTR {
              auto total = hn::Zero(d);
              for (auto i = first_reader(r, in.height, out.height); i < first_reader(r + 1, in.height, out.height); ++i)
                for (auto j = first_reader(q, in.width, out.width); j < first_reader(q + 1, in.width, out.width); ++j)
                  total = hn::Add(total, load(d, from + (i * W + j) * C + c));
              put(total, d, to + c, add);
            });
      },
      dy, dx);
}

// The pixels i·w … that window i of size w = 2 (1 where there is one pixel) covers.
struct windows {
  std::size_t rows, columns, height, width;
  explicit windows(const value_shape& in)
      : rows(in.height > 1 ? 2 : 1),
        columns(in.width > 1 ? 2 : 1),
        height(static_cast<std::size_t>(in.height)),
        width(static_cast<std::size_t>(in.width)) {}
  std::size_t last_row(std::size_t i) const { return std::min(height, (i + 1) * rows); }
  std::size_t last_column(std::size_t j) const { return std::min(width, (j + 1) * columns); }
  float share(std::size_t i, std::size_t j) const {
    return 1 / static_cast<float>((last_row(i) - i * rows) * (last_column(j) - j * columns));
  }
};

void pool_of(precision of, const value_shape& in, const value_shape& out, const void* x, void* y) {
  const windows w(in);
  const auto C = static_cast<std::size_t>(in.channels);
  typed(
      of,
      [&](auto* from, auto* to) HWY_ATTR {
        for (std::size_t i = 0; i < static_cast<std::size_t>(out.height); ++i)
          for (std::size_t j = 0; j < static_cast<std::size_t>(out.width); ++j, to += C)
            over(C, [&](auto d, std::size_t c) HWY_ATTR {
              auto total = hn::Zero(d);
              for (std::size_t r = i * w.rows; r < w.last_row(i); ++r)
                for (std::size_t q = j * w.columns; q < w.last_column(j); ++q)
                  total = hn::Add(total, load(d, from + (r * w.width + q) * C + c));
              store(hn::Mul(total, hn::Set(d, w.share(i, j))), d, to + c);
            });
      },
      x, y);
}

void pool_backward_of(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx, bool add) {
  const windows w(in);
  const auto C = static_cast<std::size_t>(in.channels), columns = static_cast<std::size_t>(out.width);
  typed(
      of,
      [&](auto* from, auto* to) HWY_ATTR {
        for (std::size_t r = 0; r < w.height; ++r)
          for (std::size_t q = 0; q < w.width; ++q, to += C) {
            const std::size_t i = r / w.rows, j = q / w.columns;
            over(C, [&](auto d, std::size_t c) HWY_ATTR {
              put(hn::Mul(load(d, from + (i * columns + j) * C + c), hn::Set(d, w.share(i, j))), d, to + c, add);
            });
          }
      },
      dy, dx);
}

inline void put_one(float v, float* y) { *y = v; }
inline void put_one(float v, bf16* y) { store(hn::Set(hn::CappedTag<float, 1>(), v), hn::CappedTag<float, 1>(), y); }
template <class T>
inline float get_one(const T* x) {
  return hn::GetLane(load(hn::CappedTag<float, 1>(), x));
}

void to_pixels_of(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y) {
  typed(
      of,
      [&](auto* py) HWY_ATTR {
        for (std::size_t p = 0; p < pixels; ++p)
          for (std::size_t c = 0; c < channels; ++c) put_one(x[c * pixels + p], py + p * channels + c);
      },
      y);
}

void from_pixels_of(precision of, std::size_t pixels, std::size_t channels, const void* x, float* y) {
  typed(
      of,
      [&](auto* px) HWY_ATTR {
        for (std::size_t p = 0; p < pixels; ++p)
          for (std::size_t c = 0; c < channels; ++c) y[c * pixels + p] = get_one(px + p * channels + c);
      },
      x);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(add_of);
HWY_EXPORT(scale_of);
HWY_EXPORT(add_vector_of);
HWY_EXPORT(sum_of);
HWY_EXPORT(copy_of);
HWY_EXPORT(put_of);
HWY_EXPORT(upsample_of);
HWY_EXPORT(upsample_backward_of);
HWY_EXPORT(pool_of);
HWY_EXPORT(pool_backward_of);
HWY_EXPORT(to_pixels_of);
HWY_EXPORT(from_pixels_of);

void add_pixels(precision of, std::size_t n, float scale, const void* a, const void* b, void* y) {
  HWY_DYNAMIC_DISPATCH(add_of)(of, n, scale, a, b, y);
}
void scale_pixels(precision of, std::size_t n, float scale, const void* x, void* y, bool add) {
  HWY_DYNAMIC_DISPATCH(scale_of)(of, n, scale, x, y, add);
}
void add_vector(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, const float* v,
                void* y) {
  HWY_DYNAMIC_DISPATCH(add_vector_of)(of, pixels, channels, scale, x, v, y);
}
void sum_pixels(precision of, std::size_t pixels, std::size_t channels, float scale, const void* x, float* sum) {
  HWY_DYNAMIC_DISPATCH(sum_of)(of, pixels, channels, scale, x, sum);
}
void copy_channels(precision of, std::size_t pixels, std::size_t channels, const void* x, std::size_t x_stride, void* y,
                   std::size_t y_stride, bool add) {
  HWY_DYNAMIC_DISPATCH(copy_of)(of, pixels, channels, x, x_stride, y, y_stride, add);
}
void put_channels(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y, std::size_t y_stride,
                  bool add) {
  HWY_DYNAMIC_DISPATCH(put_of)(of, pixels, channels, x, y, y_stride, add);
}
void upsample(precision of, const value_shape& in, const value_shape& out, const void* x, void* y) {
  HWY_DYNAMIC_DISPATCH(upsample_of)(of, in, out, x, y);
}
void upsample_backward(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx,
                       bool add) {
  HWY_DYNAMIC_DISPATCH(upsample_backward_of)(of, in, out, dy, dx, add);
}
void pool(precision of, const value_shape& in, const value_shape& out, const void* x, void* y) {
  HWY_DYNAMIC_DISPATCH(pool_of)(of, in, out, x, y);
}
void pool_backward(precision of, const value_shape& in, const value_shape& out, const void* dy, void* dx, bool add) {
  HWY_DYNAMIC_DISPATCH(pool_backward_of)(of, in, out, dy, dx, add);
}
void to_pixels(precision of, std::size_t pixels, std::size_t channels, const float* x, void* y) {
  HWY_DYNAMIC_DISPATCH(to_pixels_of)(of, pixels, channels, x, y);
}
void from_pixels(precision of, std::size_t pixels, std::size_t channels, const void* x, float* y) {
  HWY_DYNAMIC_DISPATCH(from_pixels_of)(of, pixels, channels, x, y);
}

}
#endif

#include "noneq/compute/detail/kernels/norm.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/norm.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

// Sums over pixels of x − pivot and its square, the pivot being the first pixel: keeps digits where the mean is far
// from 0.
template <class D, class T>
HWY_INLINE void channel_sums(D d, const T* x, std::size_t pixels, std::size_t stride, float* sum, float* square) {
  const auto pivot = load(d, x);
  auto s0 = hn::Zero(d), s1 = s0, q0 = s0, q1 = s0;
  std::size_t p = 0;
  for (; p + 2 <= pixels; p += 2, x += 2 * stride) {
    const auto a = hn::Sub(load(d, x), pivot), b = hn::Sub(load(d, x + stride), pivot);
    s0 = hn::Add(s0, a), s1 = hn::Add(s1, b);
    q0 = hn::MulAdd(a, a, q0), q1 = hn::MulAdd(b, b, q1);
  }
  if (p < pixels) {
    const auto a = hn::Sub(load(d, x), pivot);
    s0 = hn::Add(s0, a), q0 = hn::MulAdd(a, a, q0);
  }
  store(hn::Add(s0, s1), d, sum);
  store(hn::Add(q0, q1), d, square);
}

inline float first_of(const float* x, std::size_t c) { return x[c]; }
inline float first_of(const bf16* x, std::size_t c) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x[c].bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// stats: mean and 1/σ of each group, then the mean of each channel, all of x + added.
template <class T>
void measure(const norm_shape& s, const norm_vectors& v, const T* x, float* stats, float* scratch) {
  const std::size_t C = s.channels, width = C / s.groups;
  float *sum = scratch, *square = scratch + C, *mean = stats, *inverse = stats + s.groups,
        *channel = stats + 2 * s.groups;
  over(C, [&](auto d, std::size_t c) HWY_ATTR { channel_sums(d, x + c, s.pixels, C, sum + c, square + c); });
  const double n = static_cast<double>(s.pixels);
  for (std::size_t g = 0; g < s.groups; ++g) {
    double total = 0, spread = 0;
    for (std::size_t c = g * width; c < (g + 1) * width; ++c) {
      const double m = sum[c] / n;
      spread += square[c] / n - m * m;
      channel[c] = static_cast<float>(first_of(x, c) + m + (v.added ? v.added[c] : 0));
      total += channel[c];
    }
    const double group = total / static_cast<double>(width);
    for (std::size_t c = g * width; c < (g + 1) * width; ++c) spread += (channel[c] - group) * (channel[c] - group);
    mean[g] = static_cast<float>(group);
    inverse[g] = static_cast<float>(1 / std::sqrt(std::max(0.0, spread / static_cast<double>(width)) + s.eps));
  }
}

// The factor of x, and the number then added, per channel.
inline void line(const norm_shape& s, const norm_vectors& v, const float* stats, float* slope, float* offset) {
  const std::size_t C = s.channels, width = C / s.groups;
  for (std::size_t c = 0; c < C; ++c) {
    const float mean = stats[c / width], inverse = stats[s.groups + c / width];
    const float scale = v.modulation ? 1 + v.modulation[c] : 1, shift = v.modulation ? v.modulation[C + c] : 0;
    slope[c] = inverse * v.weight[c] * scale;
    offset[c] = slope[c] * ((v.added ? v.added[c] : 0) - mean) + v.bias[c] * scale + shift;
  }
}

template <class T>
void forward_of(const norm_shape& s, const norm_vectors& v, const T* x, T* y, float* stats, float* scratch) {
  const std::size_t C = s.channels;
  float *slope = scratch + 2 * C, *offset = scratch + 3 * C;
  measure(s, v, x, stats, scratch);
  line(s, v, stats, slope, offset);
  const auto each = [&](auto&& finish) HWY_ATTR {
    for (std::size_t p = 0; p < s.pixels; ++p)
      over(C, [&](auto d, std::size_t c) HWY_ATTR {
        const auto z = hn::MulAdd(load(d, x + p * C + c), load(d, slope + c), load(d, offset + c));
        store(finish(d, z), d, y + p * C + c);
      });
  };
  if (s.silu)
    each([](auto d, auto z) HWY_ATTR { return silu<T>(d, z); });
  else
    each([](auto, auto z) HWY_ATTR { return z; });
}

// With x̂ = (x + added − mean)/σ: Σ dz and Σ dz·x̂ of each channel give every gradient.
template <class T>
void backward_of(const norm_shape& s, const norm_vectors& v, const T* x, const T* dy, const float* stats, T* dx,
                 bool add, const norm_gradients& g, float* scratch) {
  const std::size_t C = s.channels, width = C / s.groups, P = s.pixels;
  float *dz = scratch, *slope = scratch + P * C, *offset = slope + C, *sum = offset + C, *product = sum + C;
  line(s, v, stats, slope, offset);
  over(C, [&](auto d, std::size_t c) HWY_ATTR {
    store(hn::Zero(d), d, sum + c);
    store(hn::Zero(d), d, product + c);
  });
  // Σ dz·x is taken about the channel's own mean, which is near enough to keep the digits.
  const float* channel = stats + 2 * s.groups;
  const auto gather = [&](auto&& slope_of) HWY_ATTR {
    over(C, [&](auto d, std::size_t c) HWY_ATTR {
      const auto a = load(d, slope + c), b = load(d, offset + c);
      auto middle = load(d, channel + c);
      if (v.added) middle = hn::Sub(middle, load(d, v.added + c));
      auto total = hn::Zero(d), moment = hn::Zero(d);
      for (std::size_t p = 0; p < P; ++p) {
        const auto xp = load(d, x + p * C + c);
        const auto value = hn::Mul(load(d, dy + p * C + c), slope_of(d, hn::MulAdd(xp, a, b)));
        store(value, d, dz + p * C + c);
        total = hn::Add(total, value);
        moment = hn::MulAdd(value, hn::Sub(xp, middle), moment);
      }
      store(total, d, sum + c);
      store(moment, d, product + c);
    });
  };
  if (s.silu)
    gather([](auto d, auto z) HWY_ATTR { return silu_slope<T>(d, z); });
  else
    gather([](auto d, auto) HWY_ATTR { return hn::Set(d, 1.0f); });

  // dx = dz·slope + x·tilt + level, per channel; slope is as in the forward pass, tilt and level take its place.
  float *tilt = offset, *level = sum;
  for (std::size_t group = 0; group < s.groups; ++group) {
    const double mean = stats[group], inverse = stats[s.groups + group];
    const auto n = static_cast<double>(P * width);
    double first = 0, second = 0;
    for (std::size_t c = group * width; c < (group + 1) * width; ++c) {
      const double scale = v.modulation ? 1.0 + v.modulation[c] : 1.0, gain = v.weight[c] * scale;
      const double A = sum[c], B = (product[c] + A * (channel[c] - mean)) * inverse;  // Σ dz, Σ dz·x̂
      product[c] = static_cast<float>(B);
      first += gain * A;
      second += gain * B;
    }
    for (std::size_t c = group * width; c < (group + 1) * width; ++c) {
      const double scale = v.modulation ? 1.0 + v.modulation[c] : 1.0, A = sum[c], B = product[c];
      g.weight[c] += static_cast<float>(scale * B);
      g.bias[c] += static_cast<float>(scale * A);
      if (g.modulation) {
        g.modulation[c] += static_cast<float>(v.weight[c] * B + v.bias[c] * A);
        g.modulation[C + c] += static_cast<float>(A);
      }
      const double bend = -inverse * inverse * second / n;
      if (g.added)
        g.added[c] += static_cast<float>(slope[c] * A - inverse * static_cast<double>(P) * first / n +
                                         bend * static_cast<double>(P) * (channel[c] - mean));
      tilt[c] = static_cast<float>(bend);
      level[c] = static_cast<float>(-inverse * first / n + bend * ((v.added ? v.added[c] : 0.0) - mean));
    }
  }
  for (std::size_t p = 0; p < P; ++p)
    over(C, [&](auto d, std::size_t c) HWY_ATTR {
      const std::size_t i = p * C + c;
      auto value = hn::MulAdd(load(d, dz + i), load(d, slope + c),
                              hn::MulAdd(load(d, x + i), load(d, tilt + c), load(d, level + c)));
      if (add) value = hn::Add(value, load(d, dx + i));
      store(value, d, dx + i);
    });
}

void forward(const norm_shape& s, const norm_vectors& v, const void* x, void* y, float* stats, float* scratch) {
  typed(
      s.of, [&](auto* from, auto* to) { forward_of(s, v, from, to, stats, scratch); }, x, y);
}

void backward(const norm_shape& s, const norm_vectors& v, const void* x, const void* dy, const float* stats, void* dx,
              bool add, const norm_gradients& g, float* scratch) {
  typed(
      s.of, [&](auto* from, auto* by, auto* to) { backward_of(s, v, from, by, stats, to, add, g, scratch); }, x, dy,
      dx);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(forward);
HWY_EXPORT(backward);

void norm_forward(const norm_shape& s, const norm_vectors& v, const void* x, void* y, float* stats, float* scratch) {
  HWY_DYNAMIC_DISPATCH(forward)(s, v, x, y, stats, scratch);
}

void norm_backward(const norm_shape& s, const norm_vectors& v, const void* x, const void* dy, const float* stats,
                   void* dx, bool add, const norm_gradients& g, float* scratch) {
  HWY_DYNAMIC_DISPATCH(backward)(s, v, x, dy, stats, dx, add, g, scratch);
}

}
#endif

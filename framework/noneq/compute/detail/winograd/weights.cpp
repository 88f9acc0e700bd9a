#include "noneq/compute/detail/winograd/weights.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/winograd/weights.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::winograd::HWY_NAMESPACE {

// G·g downwards.
HWY_INLINE void spread_down(const V (&g)[3], V (&to)[4]) {
  const V half = hn::Set(D(), 0.5f), sum = hn::Add(g[0], g[2]);
  to[0] = g[0];
  to[1] = hn::Mul(half, hn::Add(sum, g[1]));
  to[2] = hn::Mul(half, hn::Sub(sum, g[1]));
  to[3] = g[2];
}

HWY_INLINE void put_divided(const V (&g)[3], const point& p, V* to) {
  const V scale = hn::Set(D(), 1 / p.divisor);
  put_both(hn::Mul(scale, plus(g[0], p.squared, g[2])), p.at, hn::Mul(scale, g[1]), to);
}

// G·g across.
HWY_INLINE void spread_across(const V (&g)[3], V (&to)[planes_across]) {
  to[0] = g[0];
  put_divided(g, inner, to + 1);
  put_divided(g, outer, to + 3);
  to[5] = g[2];
}

// G·g·Gᵀ of the 3×3 numbers at `from` of as many channels as there are lanes, `step` apart; the last number first where
// they are turned: to(plane, …).
template <class To>
HWY_INLINE void transform(const float* from, std::size_t step, bool turned, const To& to) {
  const hn::Rebind<std::int32_t, D> integers;
  const auto index = hn::Mul(hn::Iota(integers, 0), hn::Set(integers, static_cast<int>(step)));
  V columns[3][4];
  for (std::size_t j = 0; j < 3; ++j) {
    V g[3];
    for (std::size_t i = 0; i < 3; ++i) g[i] = hn::GatherIndex(D(), from + (turned ? 8 - 3 * i - j : 3 * i + j), index);
    spread_down(g, columns[j]);
  }
  for (std::size_t r = 0; r < 4; ++r) {
    V row[planes_across];
    spread_across({columns[0][r], columns[1][r], columns[2][r]}, row);
    for (std::size_t k = 0; k < planes_across; ++k) to(planes_across * r + k, row[k]);
  }
}

// So many of the channels written, from o on, into their places of every plane.
template <class T>
void pack_lanes(const weights& w, const float* weight, std::size_t o, word* packed) {
  const std::size_t step_in = w.for_gradient ? 9 * w.out : 9, step_out = w.for_gradient ? 9 : 9 * w.in,
                    words = w.in / numbers_of_word<T>;
  for (std::size_t c = 0; c < w.in; c += numbers_of_word<T>) {
    const float* from = weight + c * step_in + o * step_out;
    T first[planes][lanes];
    if constexpr (numbers_of_word<T> == 2) {
      transform(from, step_out, w.for_gradient, [&](std::size_t p, V v) HWY_ATTR { store(v, D(), first[p]); });
      from += step_in;
    }
    transform(from, step_out, w.for_gradient, [&](std::size_t p, V v) HWY_ATTR {
      const std::size_t row = (o / many * planes + p) * words + c / numbers_of_word<T>;
      store_words(first[p], v, packed + row * many + o % many);
    });
  }
}

void pack_weights(const weights& w, const float* weight, void* packed) {
  const auto as = [&]<class T>(T) {
    for (std::size_t o = 0; o < w.out; o += lanes) pack_lanes<T>(w, weight, o, static_cast<word*>(packed));
  };
#if NONEQ_AVX512
  if (w.of == precision::bf16) return as(hardware_bf16());
#endif
  as(float());
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute::winograd {

HWY_EXPORT(pack_weights);

std::size_t weights::bytes() const { return planes * in * whole_blocks(out) * bytes_of(of); }

void weights::pack(const float* weight, void* packed) const {
  HWY_DYNAMIC_DISPATCH(pack_weights)(*this, weight, packed);
}

}
#endif

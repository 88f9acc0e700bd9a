// Loads and stores of float32 and bf16 numbers, and functions of them, once per instruction set: included by files that
// Highway compiles for every target.
#if defined(NONEQ_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef NONEQ_VECTOR_INL
#undef NONEQ_VECTOR_INL
#else
#define NONEQ_VECTOR_INL
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "noneq/compute/precision.hpp"
#include "noneq/core/over-inl.hpp"

#undef NONEQ_AVX512
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3  // or later sets, whose numbers are less
#define NONEQ_AVX512 1
#else
#define NONEQ_AVX512 0
#endif

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using noneq::HWY_NAMESPACE::over;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const bf16* p) {
  const hn::Rebind<std::uint32_t, D> wide;
  const hn::Rebind<std::uint16_t, D> narrow;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(wide, hn::LoadU(narrow, &p->bits))));
}

template <class D>
HWY_INLINE void store(hn::Vec<D> v, D d, float* p) {
  hn::StoreU(v, d, p);
}
// Rounds to nearest, ties to even.
template <class D>
HWY_INLINE void store(hn::Vec<D> v, D, bf16* p) {
  const hn::Rebind<std::uint32_t, D> wide;
  const hn::Rebind<std::uint16_t, D> narrow;
  const auto bits = hn::BitCast(wide, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(wide, 0x7fff))));
  hn::StoreU(hn::TruncateTo(narrow, rounded), narrow, &p->bits);
}

#if NONEQ_AVX512
// A bf16 that the CPU rounds to by one instruction, which Highway lacks; subnormal numbers become 0.
struct hardware_bf16 : bf16 {};

HWY_INLINE hn::Vec256<std::uint16_t> rounded(hn::Vec512<float> v) {
  __m256i halves;
  asm("vcvtneps2bf16 %1, %0" : "=v"(halves) : "v"(v.raw));
  return hn::Vec256<std::uint16_t>{halves};
}

template <class D>
HWY_INLINE void store(hn::Vec<D> v, D d, hardware_bf16* p) {
  if constexpr (hn::MaxLanes(D()) == 16) {
    hn::StoreU(rounded(v), hn::Rebind<std::uint16_t, D>(), &p->bits);
  } else {
    store(v, d, static_cast<bf16*>(p));
  }
}

inline bool rounds_bf16() {
  static const bool does = multiplies_bf16();
  return does;
}
#endif

template <class T>
constexpr bool is_bf16 = std::is_base_of_v<bf16, T>;

// Calls f with pointers of the type that `of` names.
template <class F, class... P>
HWY_INLINE void typed(precision of, F&& f, P... p) {
  const auto as = [&]<class T>(std::type_identity<T>) {
    f(static_cast<std::conditional_t<std::is_const_v<std::remove_pointer_t<P>>, const T*, T*>>(p)...);
  };
  if (of == precision::fp32) return as(std::type_identity<float>());
#if NONEQ_AVX512
  if (rounds_bf16()) return as(std::type_identity<hardware_bf16>());
#endif
  as(std::type_identity<bf16>());
}

// Stores v, or adds it to the memory.
template <class D, class T>
HWY_INLINE void put(hn::Vec<D> v, D d, T* y, bool add) {
  store(add ? hn::Add(v, load(d, y)) : v, d, y);
}

// e^{−z} to 1e-4: 2^{whole + rest}, the rest a polynomial. Beyond |z| = 87 it may stay.
template <class D>
HWY_INLINE hn::Vec<D> coarse_exp_of_minus(D d, hn::Vec<D> z) {
#if NONEQ_AVX512
  if constexpr (hn::MaxLanes(D()) == 16) {
    const __m512 t = hn::Mul(z, hn::Set(d, -1.44269504f)).raw;
    const hn::Vec<D> rest{_mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
    auto p = hn::Set(d, 7.8024523e-2f);
    for (const float a : {2.2606716e-1f, 6.9583354e-1f, 9.9992522e-1f}) p = hn::MulAdd(p, rest, hn::Set(d, a));
    // Without a mask GCC 12 takes the lanes for uninitialised.
    return hn::Vec<D>{_mm512_maskz_scalef_ps(0xFFFF, p.raw, t)};
  }
#endif
  const hn::Rebind<std::int32_t, D> integers;
  // In this order NaN stays NaN, because x86 returns the second of two then.
  const auto near = hn::Min(hn::Set(d, 87.0f), hn::Max(hn::Set(d, -87.0f), z));
  const auto t = hn::Mul(near, hn::Set(d, -1.44269504f));
  const auto whole = hn::NearestInt(t);
  const auto rest = hn::Sub(t, hn::ConvertTo(d, whole));
  auto p = hn::Set(d, 9.6181291e-3f);
  for (const float a : {5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1.0f}) p = hn::MulAdd(p, rest, hn::Set(d, a));
  return hn::BitCast(d, hn::Add(hn::BitCast(integers, p), hn::ShiftLeft<23>(whole)));
}

// 1/(1 + e^{−z}), as exact as a T can store it.
template <class T = float, class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> z) {
  const auto one = hn::Set(d, 1.0f);
  if constexpr (is_bf16<T>)
    return hn::ApproximateReciprocal(hn::Add(one, coarse_exp_of_minus(d, z)));
  else
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(z))));
}

template <class T = float, class D>
HWY_INLINE hn::Vec<D> silu(D d, hn::Vec<D> z) {
  return hn::Mul(z, sigmoid<T>(d, z));
}
// d silu/dz
template <class T = float, class D>
HWY_INLINE hn::Vec<D> silu_slope(D d, hn::Vec<D> z) {
  const auto s = sigmoid<T>(d, z), one = hn::Set(d, 1.0f);
  return hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one));
}

}
HWY_AFTER_NAMESPACE();
#endif

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

HWY_BEFORE_NAMESPACE();
namespace noneq::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

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

// Calls f with pointers of the type that `of` names.
template <class F, class... P>
HWY_INLINE void typed(precision of, F&& f, P... p) {
  if (of == precision::bf16)
    f(static_cast<std::conditional_t<std::is_const_v<std::remove_pointer_t<P>>, const bf16*, bf16*>>(p)...);
  else
    f(static_cast<std::conditional_t<std::is_const_v<std::remove_pointer_t<P>>, const float*, float*>>(p)...);
}

// Stores v, or adds it to what is there.
template <class D, class T>
HWY_INLINE void put(hn::Vec<D> v, D d, T* y, bool add) {
  store(add ? hn::Add(v, load(d, y)) : v, d, y);
}

// e^{−z} to 1e-5 for |z| < 87, beyond which it stays: 2^{whole + rest}, the rest a polynomial.
template <class D>
HWY_INLINE hn::Vec<D> coarse_exp_of_minus(D d, hn::Vec<D> z) {
  const hn::Rebind<std::int32_t, D> integers;
  // In this order what is not a number stays so: x86 gives the second of two then.
  const auto near = hn::Min(hn::Set(d, 87.0f), hn::Max(hn::Set(d, -87.0f), z));
  const auto t = hn::Mul(near, hn::Set(d, -1.44269504f));
  const auto whole = hn::NearestInt(t);
  const auto rest = hn::Sub(t, hn::ConvertTo(d, whole));
  auto p = hn::Set(d, 9.6181291e-3f);
  for (const float a : {5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1.0f}) p = hn::MulAdd(p, rest, hn::Set(d, a));
  return hn::BitCast(d, hn::Add(hn::BitCast(integers, p), hn::ShiftLeft<23>(whole)));
}

// 1/(1 + e^{−z}), as exact as what is stored as T can be.
template <class T = float, class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> z) {
  const auto one = hn::Set(d, 1.0f);
  if constexpr (std::is_same_v<T, bf16>)
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

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
  const hn::Rebind<std::int32_t, D> whole;
  const hn::Rebind<std::uint16_t, D> narrow;
  const auto bits = hn::BitCast(wide, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(wide, 0x7fff))));
  hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(whole, rounded)), narrow, &p->bits);
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

// 1/(1 + e^{−z})
template <class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> z) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(z))));
}

template <class D>
HWY_INLINE hn::Vec<D> silu(D d, hn::Vec<D> z) {
  return hn::Mul(z, sigmoid(d, z));
}
// d silu/dz
template <class D>
HWY_INLINE hn::Vec<D> silu_slope(D d, hn::Vec<D> z) {
  const auto s = sigmoid(d, z), one = hn::Set(d, 1.0f);
  return hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one));
}

}
HWY_AFTER_NAMESPACE();
#endif

// The loop over n float32 numbers, once per instruction set: included by files that Highway compiles for every target.
#if defined(NONEQ_OVER_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef NONEQ_OVER_INL
#undef NONEQ_OVER_INL
#else
#define NONEQ_OVER_INL
#endif

#include <cstddef>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace noneq::HWY_NAMESPACE {

// f(d, i) for stretches i, i + Lanes(d), … that together are 0..n−1.
template <class F>
HWY_INLINE void over(std::size_t n, F&& f) {
  const hwy::HWY_NAMESPACE::ScalableTag<float> d;
  const std::size_t lanes = hwy::HWY_NAMESPACE::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) f(d, i);
  const hwy::HWY_NAMESPACE::CappedTag<float, 1> one;
  for (; i < n; ++i) f(one, i);
}

}
HWY_AFTER_NAMESPACE();
#endif

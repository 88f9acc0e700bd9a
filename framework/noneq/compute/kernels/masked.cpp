#include "noneq/compute/kernels/masked.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/kernels/masked.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::HWY_NAMESPACE {

template <class T>
void mask(std::size_t n, float scale, const std::uint8_t* kept, const T* x, T* y, bool add) {
  over(n, [&](auto d, std::size_t i) HWY_ATTR {
    using tag = decltype(d);
    const hn::Rebind<std::uint8_t, tag> narrow;
    const hn::Rebind<std::int32_t, tag> whole;
    const auto factor = hn::ConvertTo(d, hn::PromoteTo(whole, hn::LoadU(narrow, kept + i)));
    const auto masked = hn::Mul(load(d, x + i), hn::Mul(factor, hn::Set(d, scale)));
    store(add ? hn::Add(masked, load(d, y + i)) : masked, d, y + i);
  });
}

void mask_of(precision of, std::size_t n, float scale, const std::uint8_t* kept, const void* x, void* y, bool add) {
  if (of == precision::bf16)
    mask(n, scale, kept, static_cast<const bf16*>(x), static_cast<bf16*>(y), add);
  else
    mask(n, scale, kept, static_cast<const float*>(x), static_cast<float*>(y), add);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq {

HWY_EXPORT(mask_of);

void mask_pixels(precision of, std::size_t n, float scale, const std::uint8_t* kept, const void* x, void* y, bool add) {
  HWY_DYNAMIC_DISPATCH(mask_of)(of, n, scale, kept, x, y, add);
}

}
#endif

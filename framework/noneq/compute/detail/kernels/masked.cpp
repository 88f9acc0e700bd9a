#include "noneq/compute/detail/kernels/masked.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/masked.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

void mask_of(precision of, std::size_t n, float scale, const std::uint8_t* kept, const void* x, void* y, bool add) {
  typed(
      of,
      [&](auto* px, auto* py) HWY_ATTR {
        over(n, [&](auto d, std::size_t i) HWY_ATTR {
          using tag = decltype(d);
          const hn::Rebind<std::uint8_t, tag> narrow;
          const hn::Rebind<std::int32_t, tag> whole;
          const auto factor = hn::ConvertTo(d, hn::PromoteTo(whole, hn::LoadU(narrow, kept + i)));
          put(hn::Mul(load(d, px + i), hn::Mul(factor, hn::Set(d, scale))), d, py + i, add);
        });
      },
      x, y);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(mask_of);

void mask_pixels(precision of, std::size_t n, float scale, const std::uint8_t* kept, const void* x, void* y, bool add) {
  HWY_DYNAMIC_DISPATCH(mask_of)(of, n, scale, kept, x, y, add);
}

}
#endif

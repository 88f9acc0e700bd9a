#include "noneq/core/row_kernels.hpp"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/core/row_kernels.cpp"
#include <hwy/foreach_target.h>

#include "noneq/core/over-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::rows::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using noneq::HWY_NAMESPACE::over;

void add_scaled_of(std::int64_t rows, std::int64_t width, const float* x, const float* scale, const float* y,
                   float* out) {
  for (std::int64_t i = 0; i < rows; ++i, x += width, y += width, out += width)
    over(static_cast<std::size_t>(width), [&](auto d, std::size_t k) HWY_ATTR {
      hn::StoreU(hn::Add(hn::LoadU(d, x + k), hn::Mul(hn::Set(d, scale[i]), hn::LoadU(d, y + k))), d, out + k);
    });
}

void scaled_sum_of(std::int64_t rows, std::int64_t width, const float* a, const float* x, const float* b,
                   const float* y, float* out) {
  for (std::int64_t i = 0; i < rows; ++i, x += width, y += width, out += width)
    over(static_cast<std::size_t>(width), [&](auto d, std::size_t k) HWY_ATTR {
      const auto first = hn::Mul(hn::Set(d, a[i]), hn::LoadU(d, x + k));
      hn::StoreU(hn::Add(first, hn::Mul(hn::Set(d, b[i]), hn::LoadU(d, y + k))), d, out + k);
    });
}

void normalise_of(std::int64_t n, const std::uint8_t* x, float shift, float scale, float* out) {
  over(static_cast<std::size_t>(n), [&](auto d, std::size_t k) HWY_ATTR {
    const hn::Rebind<std::int32_t, decltype(d)> whole;
    const hn::Rebind<std::uint8_t, decltype(d)> bytes;
    const auto value = hn::ConvertTo(d, hn::PromoteTo(whole, hn::LoadU(bytes, x + k)));
    hn::StoreU(hn::Div(hn::Sub(value, hn::Set(d, shift)), hn::Set(d, scale)), d, out + k);
  });
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::rows {

HWY_EXPORT(add_scaled_of);
HWY_EXPORT(scaled_sum_of);
HWY_EXPORT(normalise_of);

void add_scaled(std::int64_t rows, std::int64_t width, const float* x, const float* scale, const float* y, float* out) {
  HWY_DYNAMIC_DISPATCH(add_scaled_of)(rows, width, x, scale, y, out);
}

void scaled_sum(std::int64_t rows, std::int64_t width, const float* a, const float* x, const float* b, const float* y,
                float* out) {
  HWY_DYNAMIC_DISPATCH(scaled_sum_of)(rows, width, a, x, b, y, out);
}

void normalise(std::int64_t n, const std::uint8_t* x, float shift, float scale, float* out) {
  HWY_DYNAMIC_DISPATCH(normalise_of)(n, x, shift, scale, out);
}

}
#endif

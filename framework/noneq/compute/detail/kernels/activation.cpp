#include "noneq/compute/detail/kernels/activation.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

// e^{−z²/2}
template <class D>
HWY_INLINE hn::Vec<D> bell(D d, hn::Vec<D> z) {
  return hn::Exp(d, hn::Mul(hn::Mul(z, z), hn::Set(d, -0.5f)));
}

// The normal distribution's Φ(z) to 1e-7, given e = bell(z) (Abramowitz & Stegun 1964, 7.1.26).
template <class D>
HWY_INLINE hn::Vec<D> below(D d, hn::Vec<D> z, hn::Vec<D> e) {
  const auto one = hn::Set(d, 1.0f);
  const auto t = hn::Div(one, hn::MulAdd(hn::Abs(z), hn::Set(d, 0.3275911f * 0.70710678f), one));
  auto p = hn::Set(d, 1.061405429f);
  for (const float a : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}) p = hn::MulAdd(p, t, hn::Set(d, a));
  const auto tail = hn::Mul(hn::Mul(hn::Mul(p, t), e), hn::Set(d, 0.5f));
  return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), tail, hn::Sub(one, tail));
}

// Calls `use` with the value and the slope of the function at z.
template <class Use>
void with_function(activation f, Use&& use) {
  switch (f) {
    case activation::silu:
      return use([](auto d, auto z) HWY_ATTR { return silu(d, z); },
                 [](auto d, auto z) HWY_ATTR { return silu_slope(d, z); });
    case activation::gelu:
      return use([](auto d, auto z) HWY_ATTR { return hn::Mul(z, below(d, z, bell(d, z))); },
                 [](auto d, auto z) HWY_ATTR {
                   const auto e = bell(d, z);
                   return hn::MulAdd(hn::Mul(z, e), hn::Set(d, 0.398942280f), below(d, z, e));
                 });
    case activation::relu:
      return use([](auto d, auto z) HWY_ATTR { return hn::Max(z, hn::Zero(d)); },
                 [](auto d, auto z) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), hn::Set(d, 1.0f)); });
    case activation::tanh:
      return use([](auto d, auto z) HWY_ATTR { return hn::Tanh(d, z); },
                 [](auto d, auto z) HWY_ATTR {
                   const auto y = hn::Tanh(d, z);
                   return hn::NegMulAdd(y, y, hn::Set(d, 1.0f));
                 });
    case activation::sigmoid:
      return use([](auto d, auto z) HWY_ATTR { return sigmoid(d, z); },
                 [](auto d, auto z) HWY_ATTR {
                   const auto s = sigmoid(d, z);
                   return hn::NegMulAdd(s, s, s);
                 });
  }
}

void forward_of(activation f, precision of, std::size_t n, const void* x, void* y) {
  with_function(f, [&](auto value, auto) {
    typed(
        of,
        [&](auto* px, auto* py)
            HWY_ATTR { over(n, [&](auto d, std::size_t i) HWY_ATTR { store(value(d, load(d, px + i)), d, py + i); }); },
        x, y);
  });
}

void backward_of(activation f, precision of, std::size_t n, const void* x, const void* dy, void* dx, bool add) {
  with_function(f, [&](auto, auto slope) {
    typed(
        of,
        [&](auto* px, auto* pdy, auto* pdx) HWY_ATTR {
          over(n, [&](auto d, std::size_t i)
                      HWY_ATTR { put(hn::Mul(load(d, pdy + i), slope(d, load(d, px + i))), d, pdx + i, add); });
        },
        x, dy, dx);
  });
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(forward_of);
HWY_EXPORT(backward_of);

void activate(activation f, precision of, std::size_t n, const void* x, void* y) {
  HWY_DYNAMIC_DISPATCH(forward_of)(f, of, n, x, y);
}
void activate_backward(activation f, precision of, std::size_t n, const void* x, const void* dy, void* dx, bool add) {
  HWY_DYNAMIC_DISPATCH(backward_of)(f, of, n, x, dy, dx, add);
}

}
#endif

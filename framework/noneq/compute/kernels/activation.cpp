#include "noneq/compute/kernels/activation.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::HWY_NAMESPACE {

// The value and the slope of each function at z.
struct silu_function {
  template <class D, class V>
  HWY_INLINE static V value(D d, V z) {
    return silu(d, z);
  }
  template <class D, class V>
  HWY_INLINE static V slope(D d, V z) {
    return silu_slope(d, z);
  }
};

struct sigmoid_function {
  template <class D, class V>
  HWY_INLINE static V value(D d, V z) {
    return sigmoid(d, z);
  }
  template <class D, class V>
  HWY_INLINE static V slope(D d, V z) {
    const auto s = sigmoid(d, z);
    return hn::NegMulAdd(s, s, s);
  }
};

struct tanh_function {
  template <class D, class V>
  HWY_INLINE static V value(D d, V z) {
    return hn::Tanh(d, z);
  }
  template <class D, class V>
  HWY_INLINE static V slope(D d, V z) {
    const auto y = hn::Tanh(d, z);
    return hn::NegMulAdd(y, y, hn::Set(d, 1.0f));
  }
};

struct relu_function {
  template <class D, class V>
  HWY_INLINE static V value(D d, V z) {
    return hn::Max(z, hn::Zero(d));
  }
  template <class D, class V>
  HWY_INLINE static V slope(D d, V z) {
    return hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), hn::Set(d, 1.0f));
  }
};

// zΦ(z) with the normal distribution's Φ to 1e-7 (Abramowitz & Stegun 1964, 7.1.26).
struct gelu_function {
  template <class D, class V>
  HWY_INLINE static V density_factor(D d, V z) {  // e^{−z²/2}
    return hn::Exp(d, hn::Mul(hn::Mul(z, z), hn::Set(d, -0.5f)));
  }
  template <class D, class V>
  HWY_INLINE static V probability(D d, V z, V e) {
    const auto one = hn::Set(d, 1.0f);
    const auto t = hn::Div(one, hn::MulAdd(hn::Abs(z), hn::Set(d, 0.3275911f * 0.70710678f), one));
    auto p = hn::Set(d, 1.061405429f);
    for (const float a : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
      p = hn::MulAdd(p, t, hn::Set(d, a));
    const auto tail = hn::Mul(hn::Mul(hn::Mul(p, t), e), hn::Set(d, 0.5f));
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), tail, hn::Sub(one, tail));
  }
  template <class D, class V>
  HWY_INLINE static V value(D d, V z) {
    return hn::Mul(z, probability(d, z, density_factor(d, z)));
  }
  template <class D, class V>
  HWY_INLINE static V slope(D d, V z) {
    const auto e = density_factor(d, z);
    return hn::MulAdd(hn::Mul(z, e), hn::Set(d, 0.398942280f), probability(d, z, e));
  }
};

template <class F, class T>
void forward(std::size_t n, const T* x, T* y) {
  over(n, [&](auto d, std::size_t i) HWY_ATTR { store(F::value(d, load(d, x + i)), d, y + i); });
}

template <class F, class T>
void backward(std::size_t n, const T* x, const T* dy, T* dx, bool add) {
  over(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto g = hn::Mul(load(d, dy + i), F::slope(d, load(d, x + i)));
    store(add ? hn::Add(g, load(d, dx + i)) : g, d, dx + i);
  });
}

// Calls `use` with the struct of the function.
template <class Use>
void with_function(activation f, Use&& use) {
  switch (f) {
    case activation::silu:
      return use(silu_function());
    case activation::gelu:
      return use(gelu_function());
    case activation::relu:
      return use(relu_function());
    case activation::tanh:
      return use(tanh_function());
    case activation::sigmoid:
      return use(sigmoid_function());
  }
}

void forward_of(activation f, precision of, std::size_t n, const void* x, void* y) {
  with_function(f, [&](auto function) {
    using F = decltype(function);
    if (of == precision::bf16)
      forward<F>(n, static_cast<const bf16*>(x), static_cast<bf16*>(y));
    else
      forward<F>(n, static_cast<const float*>(x), static_cast<float*>(y));
  });
}

void backward_of(activation f, precision of, std::size_t n, const void* x, const void* dy, void* dx, bool add) {
  with_function(f, [&](auto function) {
    using F = decltype(function);
    if (of == precision::bf16)
      backward<F>(n, static_cast<const bf16*>(x), static_cast<const bf16*>(dy), static_cast<bf16*>(dx), add);
    else
      backward<F>(n, static_cast<const float*>(x), static_cast<const float*>(dy), static_cast<float*>(dx), add);
  });
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq {

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

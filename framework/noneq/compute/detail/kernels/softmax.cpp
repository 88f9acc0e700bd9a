#include "noneq/compute/detail/kernels/softmax.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/softmax.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

// Folds f(d, i), vectors of any width, into one number: `start` with `join` on vectors and `one` on numbers.
template <class F, class Join>
HWY_INLINE float sum_over(std::size_t n, F&& f, Join&& join, float start) {
  const hn::ScalableTag<float> d;
  auto total = hn::Set(d, start);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) total = join(total, f(d, i));
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(total, d, lanes);
  const hn::CappedTag<float, 1> single;
  auto result = hn::Set(single, start);
  for (std::size_t k = 0; k < hn::Lanes(d); ++k) result = join(result, hn::Set(single, lanes[k]));
  for (; i < n; ++i) result = join(result, f(single, i));
  return hn::GetLane(result);
}

// e^{z − shift}, as exact as a T can store it.
template <class T, class D>
HWY_INLINE hn::Vec<D> exp_above(D d, hn::Vec<D> z, hn::Vec<D> shift) {
  if constexpr (is_bf16<T>)
    return coarse_exp_of_minus(d, hn::Sub(shift, z));
  else
    return hn::Exp(d, hn::Sub(z, shift));
}

template <class T>
void again_of(std::size_t rows, std::size_t columns, float scale, const float* scores, const float* level, T* p) {
  for (std::size_t r = 0; r < rows; ++r, scores += columns, p += columns)
    over(columns, [&](auto d, std::size_t i) HWY_ATTR {
      store(exp_above<T>(d, hn::Mul(load(d, scores + i), hn::Set(d, scale)), hn::Set(d, level[r])), d, p + i);
    });
}

template <class T>
void rows_of(std::size_t rows, std::size_t columns, float scale, const float* scores, T* p, float* level) {
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = scores + r * columns;
    const float top = sum_over(
        columns, [&](auto d, std::size_t i) HWY_ATTR { return load(d, row + i); },
        [](auto a, auto b) HWY_ATTR { return hn::Max(a, b); }, row[0]);
    const float sum = sum_over(
        columns,
        [&](auto d, std::size_t i)
            HWY_ATTR { return exp_above<T>(d, hn::Mul(load(d, row + i), hn::Set(d, scale)), hn::Set(d, scale * top)); },
        [](auto a, auto b) HWY_ATTR { return hn::Add(a, b); }, 0.0f);
    level[r] = scale * top + std::log(sum);
  }
  again_of(rows, columns, scale, scores, level, p);
}

template <class T>
void backward_of(std::size_t rows, std::size_t columns, float scale, const T* p, const float* dp, T* ds) {
  for (std::size_t r = 0; r < rows; ++r, p += columns, dp += columns, ds += columns) {
    const float dot = sum_over(
        columns, [&](auto d, std::size_t i) HWY_ATTR { return hn::Mul(load(d, p + i), load(d, dp + i)); },
        [](auto a, auto b) HWY_ATTR { return hn::Add(a, b); }, 0.0f);
    over(columns, [&](auto d, std::size_t i) HWY_ATTR {
      const auto slope = hn::Mul(hn::Sub(load(d, dp + i), hn::Set(d, dot)), hn::Set(d, scale));
      store(hn::Mul(load(d, p + i), slope), d, ds + i);
    });
  }
}

void rows_any(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores, void* p,
              float* level) {
  typed(
      of, [&](auto* to) { rows_of(rows, columns, scale, scores, to, level); }, p);
}
void again_any(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores,
               const float* level, void* p) {
  typed(
      of, [&](auto* to) { again_of(rows, columns, scale, scores, level, to); }, p);
}
void backward_any(precision of, std::size_t rows, std::size_t columns, float scale, const void* p, const float* dp,
                  void* ds) {
  typed(
      of, [&](auto* from, auto* to) { backward_of(rows, columns, scale, from, dp, to); }, p, ds);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(rows_any);
HWY_EXPORT(again_any);
HWY_EXPORT(backward_any);

void softmax_rows(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores, void* p,
                  float* level) {
  HWY_DYNAMIC_DISPATCH(rows_any)(of, rows, columns, scale, scores, p, level);
}
void softmax_again(precision of, std::size_t rows, std::size_t columns, float scale, const float* scores,
                   const float* level, void* p) {
  HWY_DYNAMIC_DISPATCH(again_any)(of, rows, columns, scale, scores, level, p);
}
void softmax_backward(precision of, std::size_t rows, std::size_t columns, float scale, const void* p, const float* dp,
                      void* ds) {
  HWY_DYNAMIC_DISPATCH(backward_any)(of, rows, columns, scale, p, dp, ds);
}

}
#endif

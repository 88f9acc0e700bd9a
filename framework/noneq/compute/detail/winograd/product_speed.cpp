#include "noneq/compute/detail/winograd/product_speed.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/winograd/product_speed.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/winograd/tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::winograd::HWY_NAMESPACE {

#if NONEQ_AVX512
constexpr std::size_t rows = 12, length = 128;

struct factors {
  std::vector<float> a = std::vector<float>(rows * length), b = std::vector<float>(length * many),
                     sums = std::vector<float>(rows * many);
};

// Seconds of some products of [12, 128] and [128, 32].
template <class T>
double seconds(factors& f) {
  constexpr std::size_t products = 40, words = length / numbers_of_word<T>;
  using clock = std::chrono::steady_clock;
  const auto begin = clock::now();
  for (std::size_t k = 0; k < products; ++k)
    multiply<T, rows>(f.a.data(), words, 1, reinterpret_cast<const word*>(f.b.data()), many, words, true, f.sums.data(),
                      many);
  return std::chrono::duration<double>(clock::now() - begin).count();
}

double measure() {
  factors f;
  seconds<hardware_bf16>(f), seconds<float>(f);  // the core wakes up
  double narrow = 1, wide = 1;
  for (int measurement = 0; measurement < 12; ++measurement) {
    narrow = std::min(narrow, seconds<hardware_bf16>(f));
    wide = std::min(wide, seconds<float>(f));
  }
  return wide / narrow;
}
#else
double measure() { return 0; }
#endif

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute::winograd {

HWY_EXPORT(measure);

double speed_of_bf16() { return HWY_DYNAMIC_DISPATCH(measure)(); }

}
#endif

#include "noneq/compute/detail/kernels/pointwise_gradient.hpp"

#include <algorithm>

#include "noneq/compute/detail/kernels/pairs-inl.hpp"

namespace noneq::compute {

bool pointwise_gradient::fits(const conv_layer& l, std::int64_t in, std::int64_t out) {
  return l.reads_squares(1) && in % 32 == 0 && out % 16 == 0;
}

#ifdef __x86_64__
namespace {

using namespace pairs;

constexpr std::size_t block = 64;  // pairs: few enough for the nearest cache

// Two pixels of all channels as pairs; one beyond the last counts as zeros. Adds both to `sums`, if there are any.
NONEQ_BF16 void pair_up(const std::uint16_t* x, bool second, std::size_t channels, word* to, float* sums) {
  for (std::size_t c = 0; c < channels; c += lanes) {
    const __m256i one = load_halves(x + c), other = second ? load_halves(x + channels + c) : _mm256_setzero_si256();
    _mm512_storeu_si512(to + c, paired(one, other));
    if (sums != nullptr)
      _mm512_storeu_ps(sums + c, _mm512_add_ps(_mm512_loadu_ps(sums + c), _mm512_add_ps(widened(one), widened(other))));
  }
}

}

std::size_t pointwise_gradient::scratch_bytes() const { return sizeof(word) * block * (in + out); }

void pointwise_gradient::operator()(const void* x, const void* dy, float* dw, float* db, void* scratch) const {
  const auto *from_x = static_cast<const std::uint16_t*>(x), *from_dy = static_cast<const std::uint16_t*>(dy);
  auto *of_x = static_cast<word*>(scratch), *of_dy = of_x + block * in;
  std::fill_n(dw, in * out, 0.0f);
  if (db != nullptr) std::fill_n(db, out, 0.0f);
  for (std::size_t begin = 0; begin < pixels; begin += 2 * block) {
    const std::size_t count = (std::min(2 * block, pixels - begin) + 1) / 2;
    for (std::size_t p = 0; p < count; ++p) {
      const std::size_t pixel = begin + 2 * p;
      pair_up(from_x + pixel * in, pixel + 1 < pixels, in, of_x + p * in, nullptr);
      pair_up(from_dy + pixel * out, pixel + 1 < pixels, out, of_dy + p * out, db);
    }
    for (std::size_t c = 0; c < in; c += many)
      for (std::size_t o = 0; o < out; o += few)
        multiply<few>({of_dy + o, 1, out}, of_x + c, in, count, true, dw + o * in + c, in);
  }
}
#endif

}

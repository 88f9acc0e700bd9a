#include "noneq/compute/precision.hpp"

#include <oneapi/dnnl/dnnl.hpp>

#include "noneq/compute/detail/winograd/product_speed.hpp"

namespace noneq::compute {

// The flags of oneDNN's instruction sets are nested: every set that contains the flags of another one has its
// instructions.
static bool has(dnnl::cpu_isa wanted) {
  const auto flags = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & flags) == flags;
}

// Processors multiply bf16 by AVX-512 at twice, once or half the speed of float32, depending on the model. Where both
// are equal bf16 wins by the bytes that it saves. The bound lies between once and half, far enough from both that noise
// does not decide, so that one machine always computes the same bits.
static bool bf16_is_faster() {
  constexpr double least = 0.71;  // √(½·1)
  static const bool is = winograd::speed_of_bf16() > least;
  return is;
}

precision fastest_precision() {
  const bool narrow = multiplies_bf16_without_amx() ? bf16_is_faster() : multiplies_bf16();
  return narrow ? precision::bf16 : precision::fp32;
}

bool can_compute_in_bf16() { return has(dnnl::cpu_isa::avx512_core); }

bool multiplies_bf16() { return has(dnnl::cpu_isa::avx512_core_bf16); }

bool multiplies_bf16_without_amx() { return multiplies_bf16() && !has(dnnl::cpu_isa::avx512_core_amx); }

}

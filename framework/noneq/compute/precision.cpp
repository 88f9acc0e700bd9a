#include "noneq/compute/precision.hpp"

#include <oneapi/dnnl/dnnl.hpp>

namespace noneq::compute {

// The flags of oneDNN's instruction sets are nested: every set that contains the flags of another one has its
// instructions.
static bool has(dnnl::cpu_isa wanted) {
  const auto flags = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & flags) == flags;
}

precision fastest_precision() { return has(dnnl::cpu_isa::avx512_core_bf16) ? precision::bf16 : precision::fp32; }

bool can_compute_in_bf16() { return has(dnnl::cpu_isa::avx512_core); }

bool multiplies_bf16_without_amx() {
  return has(dnnl::cpu_isa::avx512_core_bf16) && !has(dnnl::cpu_isa::avx512_core_amx);
}

}

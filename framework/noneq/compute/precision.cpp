#include "noneq/compute/precision.hpp"

#include <oneapi/dnnl/dnnl.hpp>

namespace noneq::compute {

precision fastest_precision() {
  const auto isa = dnnl::get_effective_cpu_isa();
  // The flags of oneDNN's instruction sets are nested: every set that contains the flags of AVX-512 BF16 has it.
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(isa) & wanted) == wanted ? precision::bf16 : precision::fp32;
}

bool multiplies_bf16_without_amx() { return dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_bf16; }

}

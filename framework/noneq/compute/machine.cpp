#include "noneq/compute/machine.hpp"

#include <algorithm>
#include <cstdlib>

#include <oneapi/dnnl/dnnl.hpp>

#include "noneq/compute/detail/winograd/convolution.hpp"

namespace noneq::compute {

namespace {

std::string name_of(dnnl::cpu_isa isa) {
  constexpr std::pair<dnnl::cpu_isa, const char*> names[] = {{dnnl::cpu_isa::avx512_core_amx, "AVX-512 with AMX"},
                                                             {dnnl::cpu_isa::avx512_core_bf16, "AVX-512 with BF16"},
                                                             {dnnl::cpu_isa::avx512_core_vnni, "AVX-512 with VNNI"},
                                                             {dnnl::cpu_isa::avx512_core, "AVX-512"},
                                                             {dnnl::cpu_isa::avx2_vnni, "AVX2 with VNNI"},
                                                             {dnnl::cpu_isa::avx2, "AVX2"},
                                                             {dnnl::cpu_isa::avx, "AVX"},
                                                             {dnnl::cpu_isa::sse41, "SSE4.1"}};
  // A set contains the flags of those before it, and newer versions of oneDNN know sets beyond the first in this list.
  for (const auto& [known, name] : names)
    if ((static_cast<unsigned>(isa) & static_cast<unsigned>(known)) == static_cast<unsigned>(known)) return name;
  return "another one";
}

std::string version() {
  const dnnl_version_t* v = dnnl::version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}

outlook outlook_of(const network_layers& net, const execution_choice& how) {
  how.check_execution(net);
  const std::string why = not_compilable(net);
  const bool compiled = how.execution != "reference" && why.empty();
  // Vectors stay float32.
  const bool pixels =
      std::any_of(net.values.begin(), net.values.end(), [](const value_shape& s) { return s.height * s.width > 1; });
  const precision of = !pixels || how.precision == "fp32" ? precision::fp32
                       : how.precision == "auto"          ? fastest_precision()
                                                          : precision::bf16;
  outlook o;
  o.facts = {{"oneDNN", version()},
             {"instructions", name_of(dnnl::get_effective_cpu_isa())},
             {"execution", compiled ? "compiled" : "reference"},
             {"precision", compiled && of == precision::bf16 ? "bf16" : "fp32"}};
  if (compiled && pixels)
    o.facts.emplace_back("convolutions", winograd::serves(of) ? "Winograd's minimal filtering" : "oneDNN");
  if (!compiled)
    o.slow.push_back("the reference execution calls libtorch once a layer" + (why.empty() ? "" : ": " + why));
  if (const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA"))
    o.slow.push_back(std::string("ONEDNN_MAX_CPU_ISA=") + limit + " keeps oneDNN from newer instructions");
  if (pixels && how.precision == "auto" && !multiplies_bf16())
    o.slow.push_back(
        "networks of convolutions compute in float32, because this CPU has neither AVX-512 BF16 nor AMX (or oneDNN is "
        "kept from them)");
  return o;
}

}

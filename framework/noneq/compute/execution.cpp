#include "noneq/compute/execution.hpp"

#include <algorithm>

#include "noneq/core/error.hpp"

namespace noneq::compute {
namespace {

precision chosen(const std::string& name) {
  if (name == "auto") return fastest_precision();
  return name == "bf16" ? precision::bf16 : precision::fp32;
}

}

void execution_choice::check_execution(const network_layers& net) const {
  const std::string why = not_compilable(net);
  if (execution == "compiled" && !why.empty()) throw error("got compiled, need auto or reference: " + why, "execution");
  if (precision == "bf16" && (execution == "reference" || !why.empty()))
    throw error("got bf16, need auto or fp32 with the reference execution" + (why.empty() ? "" : ": " + why),
                "precision");
  if (precision == "bf16" && !can_compute_in_bf16())
    throw error("got bf16, which this CPU cannot compute without AVX-512, need auto or fp32", "precision");
}

executed_network::executed_network(network_layers net, const execution_choice& how) : net_(std::move(net)) {
  how.check_execution(net_);
  if (how.execution != "reference" && not_compilable(net_).empty())
    compiled_ = std::make_unique<compiled_network>(net_, chosen(how.precision));
}

Tensor executed_network::forward(std::span<const Tensor> weights, const layers_input& in) {
  const bool single = std::all_of(weights.begin(), weights.end(),
                                  [](const Tensor& w) { return w.scalar_type() == at::kFloat && w.is_contiguous(); });
  const bool gradient_of_input =
      at::GradMode::is_enabled() && (in.x.requires_grad() || (in.vector.defined() && in.vector.requires_grad()));
  if (compiled_ == nullptr || !single || gradient_of_input) return run_reference(net_, weights, in);
  return compiled_->forward(in, weights);
}

}

#include "noneq/flow/data_units.hpp"

namespace noneq::flow {
namespace {

// Returns the name of a tensor at the other end of an edge; "" where it has none, because another tensor took it.
std::string name_before(const plan_edge& e, const std::string& name) {
  const auto as = std::find_if(e.as.begin(), e.as.end(), [&](const auto& a) { return a.second == name; });
  if (as != e.as.end()) return as->first;
  return e.as.count(name) > 0 ? "" : name;
}

}

std::optional<data_tensor> data_under(const session& s, const plan_node& n, const std::string& name) {
  for (const plan_edge& e : n.in) {
    const std::string before = name_before(e, name);
    const plan_node& from = s.plan().node(e.from);
    if (before.empty() || from.role() == "sampler" || from.transforms_samples()) continue;  // their tensors are new
    if (from.kind() == node_kind::source || from.prepares_data()) {
      const dataset_info info = s.nodes().info_behind(from);
      if (const field_info* of = info.find(before)) return data_tensor{&from, *of};
    }
    if (auto found = data_under(s, from, before)) return found;
  }
  return std::nullopt;
}

const plan_node* sampler_under(const plan& p, const plan_node& n, const std::string& name) {
  for (const plan_edge& e : n.in)
    if (const plan_node& from = p.node(e.from); from.role() == "sampler" && name_before(e, name) == "samples")
      return &from;
  return nullptr;
}

}

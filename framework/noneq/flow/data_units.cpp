#include "noneq/flow/data_units.hpp"

namespace noneq::flow {
namespace {

// Returns the name of a tensor at the other end of an edge; "" where it has none, because another tensor took it.
std::string name_before(const plan_edge& e, const std::string& name) {
  const auto as = std::find_if(e.as.begin(), e.as.end(), [&](const auto& a) { return a.second == name; });
  if (as != e.as.end()) return as->first;
  return e.as.count(name) > 0 ? "" : name;
}

std::optional<data_tensor> data_at(const session& s, const plan_node& n, const std::string& name) {
  const dataset_info& info = s.nodes().info_behind(n);
  if (name == "x0") return data_tensor{&n, {info.shape, info.numbers, info.normal, info.missing, info.stored}};
  const auto field = info.fields.find(name);
  return field == info.fields.end() ? std::nullopt : std::optional(data_tensor{&n, field->second});
}

}

std::optional<data_tensor> data_under(const session& s, const plan_node& n, const std::string& name) {
  for (const plan_edge& e : n.in) {
    const std::string before = name_before(e, name);
    const plan_node& from = s.plan().node(e.from);
    if (before.empty() || from.role() == "sampler" || from.transforms_samples()) continue;  // their tensors are new
    if (from.kind() == node_kind::source || from.prepares_data())
      if (auto found = data_at(s, from, before)) return found;
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

batch in_data_units(const session& s, const plan_node& n, const std::vector<std::string>& names, batch rows) {
  for (const std::string& name : names)
    if (rows.has(name))
      if (const auto data = data_under(s, n, name)) rows.set(name, data->field.normal.restore(rows.at(name)));
  return rows;
}

batch in_data_units(const session& s, const plan_node& n, batch rows) {
  std::vector<std::string> names;
  for (const auto& [name, _] : rows.tensors) names.push_back(name);
  return in_data_units(s, n, names, std::move(rows));
}

}

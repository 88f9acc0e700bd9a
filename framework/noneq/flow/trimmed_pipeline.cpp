#include "noneq/flow/trimmed_pipeline.hpp"

#include <set>

namespace noneq {

static bool is_of(const value& node, const std::string& name) {
  const value* plugin = node.is_map() ? node.find("plugin") : &node;
  return plugin && (plugin->text() == name || (name.ends_with('.') && plugin->text().starts_with(name)));
}

static std::vector<std::string> inputs_of(const value& node) {
  std::vector<std::string> all;
  const value* in = node.is_map() ? node.find("in") : nullptr;
  if (in != nullptr && in->is_scalar()) all.push_back(in->text());
  if (in != nullptr)
    for (const value& each : in->items()) all.push_back(each.text());
  return all;
}

void remove_beside_model(value& document, const std::string& keep) {
  const value& graph = document.child("graph");
  // All that a node needs, and itself.
  std::set<std::string> kept;
  const auto add = [&](const auto& self, const std::string& id) -> void {
    if (!graph.contains(id) || !kept.insert(id).second) return;
    for (const std::string& before : inputs_of(*graph.find(id))) self(self, before);
  };
  for (const auto& [id, node] : graph.entries()) {
    const bool data = is_of(node, "loader.") || is_of(node, "transform.");
    const bool beside = is_of(node, "sampler.") || is_of(node, "metric.") || is_of(node, "writer.");
    if ((!data && !beside) || is_of(node, keep)) add(add, id);
  }
  value left = value::map();
  for (const auto& [id, node] : graph.entries())
    if (kept.count(id)) left.set(id, node, graph.key_place(id));
  left.set_where(graph.where());
  document.set("graph", std::move(left));
}

std::vector<std::string> find_nodes(const value& document, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& [id, node] : document.find("graph")->entries())
    if (is_of(node, name)) found.push_back(id);
  return found;
}

std::string find_node(const value& document, const std::string& name) {
  const auto all = find_nodes(document, name);
  return all.empty() ? "" : all.front();
}

std::string add_node(value& document, std::string id, value node) {
  value& graph = document.child("graph");
  while (graph.contains(id)) id += "_";
  graph.set(id, std::move(node));
  return id;
}

}

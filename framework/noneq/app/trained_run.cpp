#include "noneq/app/trained_run.hpp"

#include <set>

#include "noneq/app/refuse.hpp"

namespace noneq {

static bool is_of(const value& node, const std::string& name) {
  const value* plugin = node.is_map() ? node.find("plugin") : &node;
  return plugin && (plugin->text() == name || (name.ends_with('.') && plugin->text().starts_with(name)));
}

session open_run(const std::string& folder, registry& plugins, const std::function<void(value&)>& change) {
  return as_input([&] {
    return run_folder::open(folder, plugins, [&](value& document) {
      // A pipeline without a graph cannot be changed; making the plan says what is wrong with it.
      if (const value* graph = document.find("graph"); graph && graph->is_map()) change(document);
    });
  });
}

void remove_beside_model(value& document, const std::string& keep) {
  value kept = value::map();
  const value& graph = document.child("graph");
  std::set<std::string> followed;
  for (const auto& [id, node] : graph.entries())
    if (const value* in = node.is_map() && is_of(node, keep) ? node.find("in") : nullptr) followed.insert(in->text());
  for (const auto& [id, node] : graph.entries()) {
    const bool beside = is_of(node, "sampler.") || is_of(node, "metric.") || is_of(node, "writer.");
    if (!beside || is_of(node, keep) || followed.count(id)) kept.set(id, node, graph.key_place(id));
  }
  kept.set_where(graph.where());
  document.set("graph", std::move(kept));
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

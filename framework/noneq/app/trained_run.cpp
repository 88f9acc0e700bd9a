#include "noneq/app/trained_run.hpp"

#include <set>

#include "noneq/app/refuse.hpp"

namespace noneq {

static std::string plugin_of(const value& node) {
  const value* name = node.is_map() ? node.find("plugin") : &node;
  return name ? name->text() : "";
}

session open_run(const std::string& folder, registry& plugins, const std::function<void(value&)>& change) {
  return as_input([&] {
    return run_folder::open(folder, plugins, [&](value& document) {
      // A pipeline without a graph cannot be changed; making the plan says what is wrong with it.
      if (const value* graph = document.find("graph"); graph && graph->is_map()) change(document);
    });
  });
}

void remove_beside_model(value& document, const std::vector<std::string>& keep) {
  value kept = value::map();
  const value& graph = document.child("graph");
  const auto role_of = [](const value& node) { return plugin_of(node).substr(0, plugin_of(node).find('.')); };
  const auto wanted = [&](const value& node) {
    return std::find(keep.begin(), keep.end(), role_of(node)) != keep.end();
  };
  std::set<std::string> followed;
  for (const auto& [id, node] : graph.entries())
    if (const value* in = node.is_map() && wanted(node) ? node.find("in") : nullptr) followed.insert(in->text());
  for (const auto& [id, node] : graph.entries()) {
    const bool beside = role_of(node) == "sampler" || role_of(node) == "metric" || role_of(node) == "writer";
    if (!beside || wanted(node) || followed.count(id)) kept.set(id, node, graph.key_place(id));
  }
  kept.set_where(graph.where());
  document.set("graph", std::move(kept));
}

std::string find_node(const value& document, const std::string& name) {
  for (const auto& [id, node] : document.find("graph")->entries())
    if (const std::string plugin = plugin_of(node); plugin == name || (name.ends_with('.') && plugin.starts_with(name)))
      return id;
  return "";
}

std::string add_node(value& document, std::string id, value node) {
  value& graph = document.child("graph");
  while (graph.contains(id)) id += "_";
  graph.set(id, std::move(node));
  return id;
}

}

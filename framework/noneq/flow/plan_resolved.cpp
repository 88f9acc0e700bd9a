#include "noneq/flow/plan_document.hpp"
#include "noneq/flow/row_parameters.hpp"

namespace noneq::flow {
namespace {

config::value resolved_inputs(const plan_node& n) {
  if (n.in.size() == 1) return config::value::scalar(n.in.front().from);
  config::value list = config::value::list();
  for (const plan_edge& e : n.in) list.push_back(config::value::scalar(e.from));
  return list;
}

config::value resolved_names(const plan_node& n) {
  config::value names = config::value::map();
  for (const plan_edge& e : n.in)
    for (const auto& [tensor, name] : e.as)
      names.set(n.in.size() == 1 ? tensor : e.from + "." + tensor, config::value::scalar(name));
  return names;
}

config::value resolved_node(const plan_node& n) {
  config::value v = render(n.plugin);
  v.set("plugin", config::value::scalar(n.plugin.entry->full_name()));
  if (!n.in.empty()) {
    v.set("in", resolved_inputs(n));
    for (const row_parameter& p : row_parameters(*n.plugin.entry)) v.remove(p.name);
  }
  if (const config::value names = resolved_names(n); !names.entries().empty()) v.set("as", names);
  if (n.has_model()) v.set("of", config::value::scalar(n.of.empty() ? n.of_run.string() : n.of));
  if (n.every > 0) v.set("every", config::value::scalar(std::to_string(n.every)));
  return v;
}

}

config::value plan::resolved() const {
  config::value v = config::value::map(), parts = config::value::map(), graph = config::value::map();
  v.set("name", config::value::scalar(name));
  v.set("seed", config::value::scalar(std::to_string(seed)));
  if (!trains()) {
    v.set("unit", config::value::scalar(std::to_string(unit)));
    v.set("not_finite", config::value::scalar(not_finite));
  }
  for (const std::string& key : process_keys)
    if (const auto it = process_parts.find(key); it != process_parts.end()) parts.set(key, render(it->second));
  for (const plan_node& n : nodes) graph.set(n.id, resolved_node(n));
  if (!process_parts.empty()) v.set("process", std::move(parts));
  v.set("graph", std::move(graph));
  return v;
}

}

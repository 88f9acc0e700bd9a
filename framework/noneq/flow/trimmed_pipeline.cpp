#include "noneq/flow/trimmed_pipeline.hpp"

#include <algorithm>
#include <set>

namespace noneq::flow {

static bool is_of(const config::value& node, const std::string& name) {
  const config::value* plugin = node.is_map() ? node.find("plugin") : &node;
  return plugin && (plugin->text() == name || (name.ends_with('.') && plugin->text().starts_with(name)));
}

std::vector<std::string> inputs_of(const config::value& node) {
  std::vector<std::string> all;
  const config::value* in = node.is_map() ? node.find("in") : nullptr;
  if (in != nullptr && in->is_scalar()) all.push_back(in->text());
  if (in != nullptr)
    for (const config::value& each : in->items()) all.push_back(each.text());
  return all;
}

void remove_beside_model(config::value& document, const std::vector<std::string>& keep) {
  const config::value& graph = document.child("graph");
  // Returns all nodes that a node needs, and itself.
  std::set<std::string> kept;
  const auto add = [&](const auto& self, const std::string& id) -> void {
    if (!graph.contains(id) || !kept.insert(id).second) return;
    for (const std::string& before : inputs_of(*graph.find(id))) self(self, before);
  };
  for (const auto& [id, node] : graph.entries()) {
    const bool data = is_of(node, "loader.") || is_of(node, "transform.");
    const bool beside = is_of(node, "sampler.") || is_of(node, "metric.") || is_of(node, "writer.");
    if (!data && !beside) add(add, id);
  }
  for (const std::string& id : keep) add(add, id);
  config::value left = config::value::map();
  for (const auto& [id, node] : graph.entries())
    if (kept.count(id)) left.set(id, node, graph.key_place(id));
  left.set_where(graph.where());
  document.set("graph", std::move(left));
}

std::vector<std::string> find_nodes(const config::value& document, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& [id, node] : document.find("graph")->entries())
    if (is_of(node, name)) found.push_back(id);
  return found;
}

std::string find_node(const config::value& document, const std::string& name) {
  const auto all = find_nodes(document, name);
  return all.empty() ? "" : all.front();
}

config::value own_sampler(const config::value& document) {
  const std::string id = find_node(document, "sampler.");
  const config::value* node = id.empty() ? nullptr : document.find("graph")->find(id);
  if (node != nullptr && node->is_map() && node->contains("plugin")) return *node;
  return config::value::map({{"plugin", config::value::scalar("sampler.ancestral")}});
}

config::value sampler_called(const config::value& document, const std::string& name) {
  const std::string full = name.starts_with("sampler.") ? name : "sampler." + name;
  config::value own = own_sampler(document);
  if (name.empty() || own.find("plugin")->text() == full) return own;
  return config::value::map({{"plugin", config::value::scalar(full)}});
}

config::value loader_of(const tensor_rows& rows) {
  return config::value::map(
      {{"plugin", config::value::scalar("loader.hdf5")},
       {"file", config::value::scalar(std::filesystem::absolute(rows.file).lexically_normal().string(), true)},
       {"dataset", config::value::scalar(rows.dataset, true)}});
}

std::string add_node(config::value& document, std::string id, config::value node) {
  config::value& graph = document.child("graph");
  while (graph.contains(id)) id += "_";
  graph.set(id, std::move(node));
  return id;
}

namespace {

// New names of tensors by "<node>.<tensor>", in the order of the file.
using names_of_tensors = std::vector<std::pair<std::string, std::string>>;

names_of_tensors names_in(const config::value& node, const std::vector<std::string>& inputs) {
  names_of_tensors names;
  if (const config::value* as = node.find("as"))
    for (const auto& [key, name] : as->entries())
      names.emplace_back(key.find('.') == key.npos && inputs.size() == 1 ? inputs.front() + "." + key : key,
                         name.text());
  return names;
}

void set_inputs(config::value& node, const std::vector<std::string>& inputs, const names_of_tensors& names) {
  config::value in = config::value::list(), as = config::value::map();
  for (const std::string& id : inputs) in.push_back(config::value::scalar(id, true));
  for (const auto& [key, name] : names) as.set(key, config::value::scalar(name, true));
  node.remove("in");
  node.remove("as");
  if (!inputs.empty()) node.set("in", std::move(in));
  if (!names.empty()) node.set("as", std::move(as));
}

}

void remove_input(config::value& node, const std::string& tensor) {
  std::vector<std::string> inputs = inputs_of(node);
  names_of_tensors names = names_in(node, inputs);
  const std::size_t before = inputs.size();
  for (const auto& [key, name] : names_of_tensors(names))
    if (name == tensor) {
      const std::string from = key.substr(0, key.find('.'));
      std::erase(inputs, from);
      std::erase_if(names, [&](const auto& n) { return n.first.starts_with(from + "."); });
    }
  if (inputs.size() == before)
    std::erase_if(inputs, [&](const std::string& id) {
      return std::none_of(names.begin(), names.end(), [&](const auto& n) { return n.first.starts_with(id + "."); });
    });
  set_inputs(node, inputs, names);
}

void add_input(config::value& node, const std::string& from, const std::string& tensor) {
  std::vector<std::string> inputs = inputs_of(node);
  names_of_tensors names = names_in(node, inputs);
  inputs.push_back(from);
  names.emplace_back(from + ".x0", tensor);
  set_inputs(node, inputs, names);
}

const config::value* stated_parameter(const config::value& pipeline, const std::string& node, const char* parameter) {
  const config::value* graph = pipeline.find("graph");
  const config::value* of = graph != nullptr ? graph->find(node) : nullptr;
  const config::value* stated = of != nullptr ? of->find(parameter) : nullptr;
  return stated != nullptr && stated->is_scalar() ? stated : nullptr;
}

}

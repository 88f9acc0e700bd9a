#include "noneq/app/trained_run.hpp"

namespace noneq {

static std::string role_of(const value& node) {
  const value* name = node.is_map() ? node.find("plugin") : &node;
  return name ? name->text().substr(0, name->text().find('.')) : "";
}

void remove_beside_model(value& document, const std::vector<std::string>& keep) {
  value kept = value::map();
  for (const auto& [id, node] : document.child("graph").entries()) {
    const std::string role = role_of(node);
    const bool beside = role == "sampler" || role == "metric" || role == "writer";
    if (!beside || std::find(keep.begin(), keep.end(), role) != keep.end()) kept.set(id, node);
  }
  document.set("graph", std::move(kept));
}

std::string model_id(const value& document) {
  for (const auto& [id, node] : document.find("graph")->entries())
    if (role_of(node) == "model") return id;
  return "";
}

void add_node(value& document, const std::string& id, std::vector<std::pair<std::string, value>> entries) {
  document.child("graph").set(id, value::map(std::move(entries)));
}

}

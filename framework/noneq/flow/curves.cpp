#include "noneq/flow/curves.hpp"

namespace noneq::flow {

const named_tensor_doc* doc_of(const plan* p, const std::string& node, const std::string& array) {
  if (p == nullptr) return nullptr;
  for (const plan_node& n : p->nodes)
    if (n.id == node)
      for (const named_tensor_doc& t : n.plugin.entry->writes)
        if (t.name == array) return &t;
  return nullptr;
}

std::string words_of(const named_tensor_doc* doc) {
  if (doc == nullptr) return "";
  const auto colon = doc->doc.find(": ");
  return colon == doc->doc.npos ? doc->doc : doc->doc.substr(colon + 2);
}

std::string axis_of(const plan* p, const std::string& node, const event_arrays& arrays) {
  for (const auto& [name, _] : arrays)
    if (const auto* doc = doc_of(p, node, name); doc != nullptr && doc->extent == extent::axis) return name;
  return arrays.count("t") ? "t" : arrays.count("step") ? "step" : "";
}

bool is_error_of_other(const std::string& array, const event_arrays& arrays) {
  constexpr std::string_view error = "_stderr";
  return array.ends_with(error) && arrays.count(array.substr(0, array.size() - error.size())) > 0;
}

}

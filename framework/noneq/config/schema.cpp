#include "noneq/config/schema.hpp"

#include <limits>

#include <nlohmann/json.hpp>

namespace noneq::config {

using nlohmann::json;

json integer_schema(std::optional<std::int64_t> min, std::optional<std::int64_t> max) {
  using all = std::numeric_limits<std::int64_t>;
  return {{"type", "integer"}, {"minimum", min.value_or(all::min())}, {"maximum", max.value_or(all::max())}};
}

json number_schema(std::optional<schema_bound> min, std::optional<schema_bound> max) {
  json schema = {{"type", "number"}};
  if (min) schema[min->exclusive ? "exclusiveMinimum" : "minimum"] = min->at;
  if (max) schema[max->exclusive ? "exclusiveMaximum" : "maximum"] = max->at;
  return schema;
}

json boolean_schema() { return {{"type", "boolean"}}; }
json string_schema() { return {{"type", {"string", "number", "boolean"}}}; }
json enum_schema(const std::vector<std::string>& words) { return {{"enum", words}}; }

json choice_schema(const std::vector<std::string>& words, const std::vector<std::string>& descriptions) {
  json schema = enum_schema(words);
  schema["enumDescriptions"] = descriptions;
  return schema;
}

json array_of(const json& items) { return {{"type", "array"}, {"items", items}}; }
json array_or_one(const json& items) { return any_of({items, array_of(items)}); }

json object_schema(const std::vector<std::pair<std::string, json>>& properties,
                   const std::vector<std::string>& required) {
  json schema = {{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}};
  for (const auto& [name, property] : properties) schema["properties"][name] = property;
  if (!required.empty()) schema["required"] = required;
  return schema;
}

json any_of(const std::vector<json>& choices) { return {{"anyOf", choices}}; }

json described(json schema, const std::string& description) {
  if (!description.empty()) schema["description"] = description;
  return schema;
}

}

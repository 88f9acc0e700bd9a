#include "noneq/app/plugin_schema.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/schema.hpp"
#include "noneq/flow/attachment.hpp"
#include "noneq/plugin/start_point.hpp"

namespace noneq::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

json number(const std::string& type, const limits& l) {
  const auto bound = [](double x, bool open) -> std::optional<config::schema_bound> {
    return std::isfinite(x) ? std::optional<config::schema_bound>({x, open}) : std::nullopt;
  };
  json s = config::number_schema(bound(l.low, l.low_open), bound(l.high, l.high_open));
  s["type"] = type;
  return s;
}

// A bare number or truth value is its text, among choices too.
json text(const limits& l) {
  if (l.choices.empty()) return config::string_schema();
  json words = json::array();
  for (const std::string& choice : l.choices) {
    words.push_back(choice);
    if (const json bare = config::to_json(config::value::scalar(choice)); !bare.is_string()) words.push_back(bare);
  }
  return {{"enum", words}};
}

json path(bool may_be_empty) {
  json s = config::string_schema();
  if (!may_be_empty) s["minLength"] = 1;
  return s;
}

json start() {
  const auto needs = [](const char* key) { return json{{"required", {key}}}; };
  return config::any_of({config::string_schema(),
                         {{"type", "object"},
                          {"properties",
                           {{"from", path(false)},
                            {"t", config::integer_schema(1)},
                            {"deviation", config::number_schema(config::schema_bound{0, true})}}},
                          {"required", {"from"}},
                          {"oneOf", {needs("t"), needs("deviation")}},
                          {"additionalProperties", false}}});
}

json type_schema(const std::string& type, const limits& l) {
  if (type.starts_with("list of ")) {
    const std::string item = type.substr(8, type.size() - 9);
    return config::array_or_one(item == "path" ? path(false) : type_schema(item, l));
  }
  if (type == type_words<bool>()) return config::boolean_schema();
  if (type == type_words<std::int64_t>() || type == type_words<double>()) return number(type, l);
  if (type == type_words<step_count>())
    return config::any_of({number("integer", l), config::enum_schema({"continuous"})});
  if (type == type_words<shard_count>()) return config::any_of({number("integer", l), config::enum_schema({"auto"})});
  if (type == type_words<std::filesystem::path>()) return path(!l.required);
  if (type == type_words<std::map<std::string, std::string>>())
    return config::any_of({text(l), {{"type", "object"}, {"additionalProperties", text(l)}}});
  return type == type_words<start_point>() ? start() : text(l);
}

json value_schema(const parameter& p) {
  if (p.part_role.empty()) return type_schema(p.type, p.allowed);
  const json one = reference_to(part_definition(p.part_role));
  return p.part_list ? config::array_or_one(one) : one;
}

std::string names(const ordered_json& tensors) {
  std::vector<std::string> all;
  for (const auto& t : tensors) all.push_back(t["name"]);
  return fmt::format("{}", fmt::join(all, ", "));
}

// The tensors of a plugin. Its doc stands beside its name, where names are chosen.
std::string tensor_words(const ordered_json& table) {
  std::vector<std::string> lines;
  if (!table["reads"].empty()) lines.push_back("reads: " + names(table["reads"]));
  if (!table["writes"].empty()) lines.push_back("writes: " + names(table["writes"]));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

void add_node_keys(ordered_json& facts, json& properties, const flow::attachment& a) {
  const auto add = [&](const char* key, bool has, bool needs = false) {
    if (has) properties[key] = reference_to(definition_of_key(key));
    if (needs) facts["needed"].push_back(key);
  };
  add("in", a.in, a.needs_in);
  add("as", a.in);
  add("of", a.of, a.of);
  add("every", a.every);
  add("at", a.at);
}

}

json reference_to(const std::string& definition) { return {{"$ref", "#/definitions/" + definition}}; }

json explained(json schema, const ordered_json& row) {
  const std::string words = fmt::format("{}\n{}", row["doc"].get<std::string>(), value_words(row));
  if (schema.contains("$ref")) schema = {{"allOf", {schema}}};  // beside which draft 7 reads nothing
  if (!row["default"].is_null()) schema["default"] = row["default"];
  return config::described(std::move(schema), words);
}

ordered_json schema_facts(const plugin_entry& e) {
  const ordered_json table = to_json(e);
  ordered_json facts{
      {"doc", e.doc}, {"node", false}, {"needed", ordered_json::array()}, {"parts", ordered_json::array()}};
  json keys = config::object_schema({});
  json& properties = keys["properties"];
  properties["plugin"] = config::described(json::object(), tensor_words(table));
  for (std::size_t k = 0; k < e.parameters.size(); ++k) {
    const parameter& p = e.parameters[k];
    properties[p.name] = explained(value_schema(p), table["parameters"][k]);
    if (p.allowed.required) facts["needed"].push_back(p.name);
    if (!p.part_role.empty()) facts["parts"].push_back(p.part_role);
  }
  if (const auto a = flow::attachment_of(e)) {
    facts["node"] = true;
    add_node_keys(facts, properties, *a);
  }
  facts["keys"] = config::described(std::move(keys), e.doc);
  return facts;
}

}

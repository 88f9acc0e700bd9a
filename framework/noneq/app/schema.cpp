// noneq schema: the pipeline format as a JSON Schema, made from the installed plugins.
#include "noneq/config/schema.hpp"

#include <cmath>

#include <fmt/format.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"

namespace noneq {
namespace {

using nlohmann::json;

json reference(const std::string& role) { return {{"$ref", "#/$defs/" + role}}; }

json type_schema(const std::string& type, const limits& l) {
  const auto bound = [](double x, bool open) -> std::optional<schema_bound> {
    return std::isfinite(x) ? std::optional<schema_bound>({x, open}) : std::nullopt;
  };
  if (type.starts_with("list of ")) return array_or_one(type_schema(type.substr(8, type.size() - 9), l));
  if (type == "true or false") return boolean_schema();
  if (!l.choices.empty()) return enum_schema(l.choices);
  if (type == "integer" || type == "number") {
    json s = number_schema(bound(l.low, l.low_open), bound(l.high, l.high_open));
    s["type"] = type;
    return s;
  }
  if (type == "integer or continuous") return any_of({type_schema("integer", l), enum_schema({"continuous"})});
  return string_schema();
}

json value_schema(const parameter& p) {
  if (p.part_role.empty()) return type_schema(p.type, p.allowed);
  const json one = reference(p.part_role);
  return p.part_list ? array_or_one(one) : one;
}

json plugin_schema(const plugin_entry& e, const std::vector<std::string>& names,
                   const std::vector<std::pair<std::string, json>>& extra) {
  std::vector<std::pair<std::string, json>> properties{{"plugin", described(enum_schema(names), e.doc)}};
  std::vector<std::string> needed{"plugin"};
  for (const parameter& p : e.parameters) {
    properties.emplace_back(p.name, described(value_schema(p), p.doc));
    if (!p.initial.is_null() && p.part_role.empty()) properties.back().second["default"] = to_json(p.initial);
    if (p.allowed.required) needed.push_back(p.name);
  }
  properties.insert(properties.end(), extra.begin(), extra.end());
  return object_schema(properties, needed);
}

json part_schema(registry& plugins, const std::string& role) {
  std::vector<std::string> bare;
  std::vector<json> choices;
  for (const plugin_entry* e : all_plugins(plugins, role)) {
    bare.insert(bare.end(), {e->name, e->full_name()});
    choices.push_back(plugin_schema(*e, {e->name, e->full_name()}, {}));
  }
  choices.insert(choices.begin(), enum_schema(bare));
  return any_of(choices);
}

json node_schema(registry& plugins) {
  std::vector<json> choices;
  for (const char* role : {"loader", "noiser", "model", "loss", "trainer", "sampler", "metric", "writer"})
    for (const plugin_entry* e : all_plugins(plugins, role)) {
      std::vector<std::pair<std::string, json>> extra{{"in", described(string_schema(), "the node before")}};
      const bool asks = e->role == "sampler" || e->role == "metric";
      if (asks)
        extra = {{"of", described(string_schema(), "the model it asks")},
                 {"every", described(integer_schema(1), "also after every this many steps")},
                 {"at", enum_schema({"end"})}};
      choices.push_back(plugin_schema(*e, {e->full_name()}, extra));
    }
  return any_of(choices);
}

}

void add_schema(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("schema", "JSON Schema of the pipeline format, for editors");
  verb->callback([] {
    registry plugins = installed_plugins();
    json definitions;
    for (const std::string& role : plugins.roles()) definitions[role] = part_schema(plugins, role);
    const json process = object_schema({{"kernel", reference("kernel")},
                                        {"schedule", reference("schedule")},
                                        {"mean", reference("mean")},
                                        {"variance", reference("variance")}},
                                       {"kernel", "schedule", "mean"});
    json schema = object_schema({{"name", string_schema()},
                                 {"seed", integer_schema()},
                                 {"process", process},
                                 {"graph", {{"type", "object"}, {"additionalProperties", node_schema(plugins)}}}},
                                {"name", "process", "graph"});
    schema["$schema"] = json_schema_draft;
    schema["$defs"] = std::move(definitions);
    fmt::print("{}\n", to_text(schema, 1));
  });
}

}

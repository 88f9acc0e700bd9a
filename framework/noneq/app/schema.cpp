// noneq schema: the pipeline format as a JSON Schema, made from the installed plugins.
#include "noneq/config/schema.hpp"

#include <cmath>

#include <fmt/format.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/extends.hpp"
#include "noneq/flow/attachment.hpp"

namespace noneq::app {
namespace {

using nlohmann::json;

json reference(const std::string& role) { return {{"$ref", "#/$defs/" + role}}; }

json type_schema(const std::string& type, const limits& l) {
  const auto bound = [](double x, bool open) -> std::optional<config::schema_bound> {
    return std::isfinite(x) ? std::optional<config::schema_bound>({x, open}) : std::nullopt;
  };
  if (type.starts_with("list of ")) return config::array_or_one(type_schema(type.substr(8, type.size() - 9), l));
  if (type == "true or false") return config::boolean_schema();
  if (!l.choices.empty()) return config::enum_schema(l.choices);
  if (type == "integer" || type == "number") {
    json s = config::number_schema(bound(l.low, l.low_open), bound(l.high, l.high_open));
    s["type"] = type;
    return s;
  }
  if (type == "integer or continuous")
    return config::any_of({type_schema("integer", l), config::enum_schema({"continuous"})});
  if (type == type_words<std::map<std::string, std::string>>())
    return config::any_of(
        {config::string_schema(), {{"type", "object"}, {"additionalProperties", config::string_schema()}}});
  if (type == type_words<start_point>())
    return config::any_of({config::string_schema(),
                           {{"type", "object"},
                            {"properties",
                             {{"from", config::string_schema()},
                              {"t", {{"type", "integer"}, {"minimum", 1}}},
                              {"deviation", {{"type", "number"}, {"exclusiveMinimum", 0}}}}},
                            {"required", {"from"}},
                            {"additionalProperties", false}}});
  return config::string_schema();
}

json value_schema(const parameter& p) {
  if (p.part_role.empty()) return type_schema(p.type, p.allowed);
  const json one = reference(p.part_role);
  return p.part_list ? config::array_or_one(one) : one;
}

json plugin_schema(const plugin_entry& e, const std::vector<std::string>& names,
                   const std::vector<std::pair<std::string, json>>& extra, std::vector<std::string> needed) {
  std::vector<std::pair<std::string, json>> properties{
      {"plugin", config::described(config::enum_schema(names), e.doc)}};
  needed.push_back("plugin");
  for (const parameter& p : e.parameters) {
    properties.emplace_back(p.name, config::described(value_schema(p), p.doc));
    if (!p.initial.is_null() && p.part_role.empty()) properties.back().second["default"] = config::to_json(p.initial);
    if (p.allowed.required) needed.push_back(p.name);
  }
  properties.insert(properties.end(), extra.begin(), extra.end());
  return config::object_schema(properties, needed);
}

using keys = std::vector<std::pair<std::string, json>>;

// The keys of a node that are the pipeline's own, as far as this plugin can have them.
keys node_keys(const flow::attachment& a) {
  keys own;
  if (a.in) {
    own.emplace_back("in", config::described(config::array_or_one(config::string_schema()),
                                             "the node before, or several, whose rows are joined"));
    own.emplace_back("as", config::described({{"type", "object"}, {"additionalProperties", config::string_schema()}},
                                             "new names of tensors on the way in: {x0: mask}, or {node.x0: mask}"));
  }
  if (a.of)
    own.emplace_back("of", config::described(config::string_schema(),
                                             "the model it takes: a node, or the folder of a finished run"));
  if (a.every)
    own.emplace_back("every", config::described(config::integer_schema(1), "also after every this many steps"));
  if (a.at) own.emplace_back("at", config::enum_schema({"end"}));
  return own;
}

// Schemas of a plugin as a part of another, and as a node: made from its table and its attachment.
json schemas_of(const plugin_entry& e) {
  const std::string full = e.full_name();
  json both{{"part", plugin_schema(e, {e.name, full}, {}, {})}};
  if (const auto a = flow::attachment_of(e)) {
    std::vector<std::string> needed;
    if (a->needs_in) needed.push_back("in");
    if (a->of) needed.push_back("of");
    json node = plugin_schema(e, {full}, node_keys(*a), needed);
    both["node"] = node["required"].size() > 1 ? node : config::any_of({config::enum_schema({full}), node});
  }
  return both;
}

json definitions(const std::vector<plugin_answer>& all, const registry& plugins) {
  json by_role;
  for (const std::string& role : plugins.roles()) {
    std::vector<std::string> bare;
    std::vector<json> choices;
    for (const plugin_answer& a : all) {
      if (a.of.role != role) continue;
      bare.insert(bare.end(), {a.of.name, role + "." + a.of.name});
      choices.push_back(a.said["part"]);
    }
    choices.insert(choices.begin(), config::enum_schema(bare));
    by_role[role] = config::any_of(choices);
  }
  return by_role;
}

json node_schema(const std::vector<plugin_answer>& all) {
  std::vector<json> choices;
  for (const plugin_answer& a : all)
    if (a.said.contains("node")) choices.push_back(a.said["node"]);
  return config::any_of(choices);
}

// A file that extends another holds any part of a pipeline: entries without what the other file states, and null.
// The whole entries come first, for the completion of editors.
json part_of(const std::vector<std::string>& names, const std::function<json(const std::string&)>& whole) {
  const json anything{{"type", {"object", "null"}}};
  json entries{{"type", {"object", "null"}}};
  if (names.empty()) entries["additionalProperties"] = config::any_of({whole(""), anything});
  for (const std::string& name : names) entries["properties"][name] = config::any_of({whole(name), anything});
  if (!names.empty()) entries["additionalProperties"] = false;
  return entries;
}

json pipeline_schema(const json& process, const json& graph) {
  const keys scalars{{"name", config::string_schema()},
                     {"seed", config::integer_schema()},
                     {"unit", config::integer_schema()},
                     {"not_finite", config::enum_schema({"stop", "keep", "retry"})}};
  keys whole = scalars, part = scalars;
  whole.insert(whole.end(), {{"process", process}, {"graph", graph}});
  for (auto& [key, schema] : part) schema = config::any_of({schema, {{"type", "null"}}});
  part.insert(
      part.end(),
      {{config::extends_key,
        config::described({{"type", "string"}, {"minLength", 1}},
                          "a pipeline to begin with, from the folder of this file; what stands here changes it")},
       {"process", part_of({"kernel", "schedule", "mean", "variance"}, reference)},
       {"graph", part_of({}, [](const std::string&) { return reference("node"); })}});
  const json extends = {{"required", {config::extends_key}}};
  return {{"type", "object"},
          {"if", extends},
          {"then", config::object_schema(part)},
          {"else", config::object_schema(whole, {"name", "graph"})}};
}

}

void add_schema(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("schema", "JSON Schema of the pipeline format, for editors");
  verb->callback([] {
    registry plugins = installed_plugins();
    const auto all = all_plugins(plugins, schemas_of);
    const json process = config::object_schema({{"kernel", reference("kernel")},
                                                {"schedule", reference("schedule")},
                                                {"mean", reference("mean")},
                                                {"variance", reference("variance")}},
                                               {"kernel", "schedule", "mean"});
    const json graph{{"type", "object"}, {"additionalProperties", reference("node")}};
    json schema = pipeline_schema(process, graph);
    schema["$schema"] = config::json_schema_draft;
    schema["$defs"] = definitions(all, plugins);
    schema["$defs"]["node"] = node_schema(all);
    print_out("{}\n", to_text(schema, 1));
  });
}

}

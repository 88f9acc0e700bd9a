// noneq schema: the pipeline format as a JSON Schema, made from the installed plugins.
#include "noneq/config/schema.hpp"

#include <set>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/pipeline_keys.hpp"
#include "noneq/app/plugin_places.hpp"
#include "noneq/app/plugin_schema.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/extends.hpp"

namespace noneq::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Names of nodes and of tensors are names of files too.
const json plain_name{{"pattern", "^[^./][^/]*$"}};
const json text_that_is_there{{"type", {"string", "number", "boolean"}}, {"minLength", 1}};

json null_or(const json& schema) { return config::any_of({schema, {{"type", "null"}}}); }

std::vector<plugin_answer> of_role(const std::vector<plugin_answer>& all, const std::string& role) {
  std::vector<plugin_answer> some = all;
  std::erase_if(some, [&](const plugin_answer& a) { return a.of.role != role; });
  return some;
}

plugin_place graph_place(const std::vector<plugin_answer>& all) {
  std::vector<plugin_answer> nodes = all;
  std::erase_if(nodes, [](const plugin_answer& a) { return !a.said["node"]; });
  return {nodes, naming::with_role};
}

json key_schema(const std::string& key) {
  const json name = config::string_schema();
  if (key == "in") {
    json several = config::array_of(name);
    several["minItems"] = 1;
    return config::any_of({name, several});
  }
  if (key == "as") {
    json names = name;
    names.update(plain_name);
    return {{"type", "object"}, {"additionalProperties", names}};
  }
  if (key == "every") return config::integer_schema(1);
  return key == "at" ? config::enum_schema({"end"}) : text_that_is_there;
}

// Parts: the roles of the process, and those that plugins have within themselves.
json definitions(const std::vector<plugin_answer>& all) {
  json d;
  std::set<std::string> parts;
  for (const auto& row : process_keys()) parts.insert(row["name"].get<std::string>());
  for (const plugin_answer& a : all) {
    d[a.of.role + "." + a.of.name] = a.said["keys"];
    for (const auto& role : a.said["parts"]) parts.insert(role.get<std::string>());
  }
  for (const std::string& role : parts) d[part_definition(role)] = plugin_place{of_role(all, role)}.whole();
  const ordered_json keys = node_keys();
  for (const char* key : {"in", "as", "of", "every", "at"})
    d[definition_of_key(key)] = explained(key_schema(key), row_of(keys, key));
  d["node"] = graph_place(all).whole();
  return d;
}

json process_schema(const std::vector<plugin_answer>& all, bool extends) {
  std::vector<std::pair<std::string, json>> parts;
  std::vector<std::string> needed;
  for (const auto& row : process_keys()) {
    const std::string role = row["name"];
    parts.emplace_back(
        role,
        explained(extends ? plugin_place{of_role(all, role)}.partial() : reference_to(part_definition(role)), row));
    if (row["required"]) needed.push_back(role);
  }
  const json whole = config::object_schema(parts, extends ? std::vector<std::string>{} : needed);
  return extends ? null_or(whole) : whole;
}

json graph_schema(const std::vector<plugin_answer>& all, bool extends) {
  const json graph{{"type", "object"},
                   {"propertyNames", plain_name},
                   {"additionalProperties", extends ? graph_place(all).partial() : reference_to("node")}};
  return extends ? null_or(graph) : graph;
}

// The keys of a pipeline that stands alone, or of one that extends another.
json keys_schema(const std::vector<plugin_answer>& all, bool extends) {
  json name = config::string_schema();
  name["pattern"] = "^(?![.]{1,2}$)[^/]+$";
  std::vector<std::pair<std::string, json>> keys{{"name", name},
                                                 {"seed", config::integer_schema()},
                                                 {"unit", config::integer_schema(0, 1'000'000'000)},
                                                 {"not_finite", config::enum_schema({"stop", "keep", "retry"})}};
  if (extends)
    for (auto& [key, schema] : keys) schema = null_or(schema);
  keys.emplace_back("process", process_schema(all, extends));
  keys.emplace_back("graph", graph_schema(all, extends));
  if (extends) keys.emplace_back(config::extends_key, text_that_is_there);
  const ordered_json rows = top_keys();
  std::vector<std::string> needed;
  for (auto& [key, schema] : keys) {
    const ordered_json& row = row_of(rows, key);
    schema = explained(std::move(schema), row);
    if (row["required"] && !extends) needed.push_back(key);
  }
  return config::object_schema(keys, needed);
}

json pipeline_schema(const std::vector<plugin_answer>& all) {
  return {{"$schema", config::json_schema_draft},
          {"type", "object"},
          {"if", {{"required", {config::extends_key}}}},
          {"then", keys_schema(all, true)},
          {"else", keys_schema(all, false)},
          {"definitions", definitions(all)}};
}

}

void add_schema(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("schema", "JSON Schema of the pipeline format, for editors");
  verb->callback([] {
    registry plugins = installed_plugins();
    print_out("{}\n", to_text(pipeline_schema(all_plugins(plugins, schema_facts)), 1));
  });
}

}

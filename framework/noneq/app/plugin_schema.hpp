// A plugin's table as JSON Schema (draft 7, which editors know best), with docs, ranges and defaults for hovering.
// Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/plugin/registry.hpp"

namespace noneq::app {

// Names in `definitions` of the schema of a pipeline. Plugins have their full names there.
inline std::string part_definition(const std::string& role) { return "part." + role; }
inline std::string definition_of_key(const std::string& key) { return "key." + key; }
nlohmann::json reference_to(const std::string& definition);

// Returns what the schema of a pipeline is made of, for one plugin:
//   doc     its sentence
//   keys    the schema of a map of its parameters and, where it is a node, the pipeline's keys that it can have
//   needed  names of the keys it must have beside `plugin`
//   node    whether it is a node of a graph
//   parts   roles of the plugins within it
nlohmann::ordered_json schema_facts(const plugin_entry& e);

// Returns the schema with a description: the doc of the row, and below it its words.
nlohmann::json explained(nlohmann::json schema, const nlohmann::ordered_json& row);

}

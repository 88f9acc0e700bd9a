// The keys of a pipeline that belong to no plugin, as plain data, from which the schema and the reference are made.
// Pure.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace noneq::app {

// Rows like those of a plugin's parameters (catalogue.hpp): name, type, doc, required, default, range.
nlohmann::ordered_json top_keys();
nlohmann::ordered_json process_keys();
nlohmann::ordered_json node_keys();

// Returns the row with this name. Requires that there is one.
const nlohmann::ordered_json& row_of(const nlohmann::ordered_json& rows, const std::string& name);

}

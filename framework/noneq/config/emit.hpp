// A value tree as text: YAML for people (a pipeline as it was run, with its defaults and overrides), JSON for
// checkpoints and tools. Pure functions, thread-safe.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "noneq/config/value.hpp"

namespace noneq::config {

// Block YAML, ending in a newline; lists and maps of a few scalars stand on one line of up to 100 columns.
// parse_text(to_yaml(v)) == v. Throws error on text that parse_text would refuse: text that is not UTF-8, a key of more
// than 128 bytes.
std::string to_yaml(const value& v);

// Unquoted scalars become numbers and booleans by the YAML core schema. JSON has no infinity: .inf and .nan become
// strings. nlohmann::json orders keys by name: the order of a map's entries is lost.
nlohmann::json to_json(const value& v);

// All places empty; equal to v for v == to_json(v) but for the order of keys and the spelling of numbers (1e3, 0x10).
// Throws error on binary JSON and more than 64 levels.
value from_json(const nlohmann::json& j);

}

// The few JSON Schema (draft 7, which editors know best) fragments that the pipeline format is made of, for editors and
// other tools. Pure functions, thread-safe. Leave out a bound with std::nullopt, a description with "".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace noneq::config {

inline constexpr const char* json_schema_draft = "http://json-schema.org/draft-07/schema#";

struct schema_bound {
  double at;
  bool exclusive = false;
};

nlohmann::json integer_schema(std::optional<std::int64_t> min = {}, std::optional<std::int64_t> max = {});
nlohmann::json number_schema(std::optional<schema_bound> min = {}, std::optional<schema_bound> max = {});
nlohmann::json boolean_schema();
nlohmann::json string_schema();  // as read<std::string> takes it: a bare number is its text
nlohmann::json enum_schema(const std::vector<std::string>& words);
// Words with a description of each, which editors show beside them (an extension of VS Code's language servers).
nlohmann::json choice_schema(const std::vector<std::string>& words, const std::vector<std::string>& descriptions);

nlohmann::json array_of(const nlohmann::json& items);
nlohmann::json array_or_one(const nlohmann::json& items);  // as read<std::vector<T>> takes it

// Returns the schema of a map with these keys, those that it must have, and no others.
nlohmann::json object_schema(const std::vector<std::pair<std::string, nlohmann::json>>& properties,
                             const std::vector<std::string>& required = {});

nlohmann::json any_of(const std::vector<nlohmann::json>& choices);
nlohmann::json described(nlohmann::json schema, const std::string& description);

}

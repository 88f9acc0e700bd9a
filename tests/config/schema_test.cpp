#include "noneq/config/schema.hpp"

#include <nlohmann/json.hpp>

#include "doctest.hpp"

using namespace noneq;
using namespace noneq::config;
using nlohmann::json;

TEST_CASE("schema fragments say what JSON Schema says") {
  CHECK(integer_schema(1, {}) == json::parse(R"({"type": "integer", "minimum": 1, "maximum": 9223372036854775807})"));
  // Integers of a pipeline have 64 bits.
  CHECK(integer_schema() ==
        json::parse(R"({"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807})"));
  CHECK(number_schema(schema_bound{0, true}, schema_bound{1}) ==
        json::parse(R"({"type": "number", "exclusiveMinimum": 0.0, "maximum": 1.0})"));
  CHECK(enum_schema({"a", "b"}) == json::parse(R"({"enum": ["a", "b"]})"));
  CHECK(choice_schema({"a"}, {"the first"}) == json::parse(R"({"enum": ["a"], "enumDescriptions": ["the first"]})"));
  CHECK(array_of(boolean_schema()) == json::parse(R"({"type": "array", "items": {"type": "boolean"}})"));
  // A bare number where text is needed is its text.
  CHECK(string_schema() == json::parse(R"({"type": ["string", "number", "boolean"]})"));
  CHECK(array_or_one(boolean_schema()) ==
        json::parse(R"({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "boolean"}}]})"));
  CHECK(described(boolean_schema(), "a name") == json::parse(R"({"type": "boolean", "description": "a name"})"));
  CHECK(described(string_schema(), "") == string_schema());
}

TEST_CASE("an object has its properties and no others") {
  CHECK(object_schema({{"a", boolean_schema()}, {"b", string_schema()}}, {"a"}) == json::parse(R"({
    "type": "object", "additionalProperties": false, "required": ["a"],
    "properties": {"a": {"type": "boolean"}, "b": {"type": ["string", "number", "boolean"]}}})"));
  CHECK(object_schema({}) == json::parse(R"({"type": "object", "additionalProperties": false, "properties": {}})"));
}

// Reading JSON that may hold anything: printing, copying and comparing a value recurse, so that its depth is limited
// before it exists. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace noneq::storage {

// Parses `text`. Errors, each opened by `where`: not JSON, deeper than 100 levels, a top-level key twice.
nlohmann::json parse_json(std::string_view text, const std::string& where);

// Returns the object that a text holds; nothing when it holds none, or one deeper than 100 levels.
std::optional<nlohmann::json> json_object(std::string_view text);

// Returns JSON as text. Errors: a string that is not UTF-8.
std::string json_text(const nlohmann::json& value, const std::string& where, int indent = -1);

// Returns a name from a file, escaped and shortened for a message: 'conv.weight'.
std::string in_quotes(std::string_view name);

}

// Files of one JSON object a line, as metrics.jsonl, history.jsonl and files.jsonl, whose end a crash may have cut
// short. Functions are thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace noneq::flow {

// Calls f with each object of a file and its line, in their order. Lines that are no object are passed over, and a file
// that is not there has none.
void each_json_line(const std::filesystem::path& file,
                    const std::function<void(const nlohmann::json& object, const std::string& line)>& f);

// Return a value of an object: "", NaN and nothing where there is none of this kind.
std::string text_at(const nlohmann::json& object, const char* key);
double number_at(const nlohmann::json& object, const char* key);
std::optional<std::int64_t> step_in(const nlohmann::json& object);  // its integer `step`

}

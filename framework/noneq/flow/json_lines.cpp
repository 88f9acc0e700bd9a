#include "noneq/flow/json_lines.hpp"

#include <fstream>
#include <limits>

#include "noneq/storage/json_text.hpp"

namespace noneq::flow {

void each_json_line(const std::filesystem::path& file,
                    const std::function<void(const nlohmann::json&, const std::string&)>& f) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (const auto object = storage::json_object(line)) f(*object, line);
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

double number_at(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::optional<std::int64_t> step_in(const nlohmann::json& object) {
  const auto it = object.find("step");
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<std::int64_t>();
}

}

#include "noneq/storage/json_text.hpp"

#include <set>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::storage {

using nlohmann::json;

static constexpr int deepest = 100;  // a million brackets must not reach what recurses

json parse_json(std::string_view text, const std::string& where) {
  std::set<std::string> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > deepest)
      throw error(fmt::format("{}: got JSON deeper than {} levels, need less: the file is damaged", where, deepest));
    if (event == json::parse_event_t::key && depth == 1 && !keys.insert(value.get<std::string>()).second)
      throw error(fmt::format("{}: got {} twice, need it once: the file is damaged", where,
                              in_quotes(value.get_ref<const std::string&>())));
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::parse_error& e) {
    throw error(fmt::format("{}: got broken JSON at byte {}: copy or write the file again", where, e.byte));
  } catch (const json::exception&) {  // a number beyond all that it may be
    throw error(fmt::format("{}: got broken JSON: copy or write the file again", where));
  }
}

std::optional<json> json_object(std::string_view text) {
  bool deep = false;
  const auto check = [&](int depth, json::parse_event_t, json&) {
    deep = deep || depth > deepest;
    return !deep;  // what is refused is not kept
  };
  json value = json::parse(text, check, false);
  return deep || !value.is_object() ? std::nullopt : std::optional(std::move(value));
}

std::string json_text(const json& value, const std::string& where, int indent) {
  try {
    return value.dump(indent);
  } catch (const json::exception&) {
    throw error(where + ": got text that is not UTF-8, need UTF-8");
  }
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t most = 80;
  std::string text = json(std::string(name.substr(0, most))).dump(-1, ' ', true, json::error_handler_t::replace);
  text.front() = text.back() = '\'';
  return name.size() > most ? text + "…" : text;
}

}

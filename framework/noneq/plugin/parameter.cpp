#include "noneq/plugin/parameter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/emit.hpp"
#include "noneq/config/schema.hpp"

namespace noneq {

using json = nlohmann::json;

bool limits::bounded() const { return std::isfinite(low) || std::isfinite(high); }

std::string limits::text() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::isfinite(low) && std::isfinite(high))
    return fmt::format("a value in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
  if (std::isfinite(low)) return fmt::format("a value {} {}", low_open ? "above" : "of at least", low);
  if (std::isfinite(high)) return fmt::format("a value {} {}", high_open ? "below" : "of at most", high);
  return "";
}

value render_scalar(const json& v) { return from_json(v); }

json type_schema(const std::string& type, const limits& l) {
  const auto bound = [](double x, bool open) -> std::optional<schema_bound> {
    return std::isfinite(x) ? std::optional<schema_bound>({x, open}) : std::nullopt;
  };
  if (type.starts_with("list of ")) return array_or_one(type_schema(type.substr(8, type.size() - 9), l));
  if (type == "true or false") return boolean_schema();
  if (!l.choices.empty()) return enum_schema(l.choices);
  if (type == "integer" || type == "number") {
    json s = number_schema(bound(l.low, l.low_open), bound(l.high, l.high_open));
    s["type"] = type;
    return s;
  }
  return string_schema();
}

void check_limits(const json& v, const limits& l) {
  if (v.is_array()) {
    for (const json& item : v) check_limits(item, l);
  } else if (v.is_number()) {
    const double x = v.get<double>();
    if (x < l.low || x > l.high || (l.low_open && x == l.low) || (l.high_open && x == l.high))
      throw error(fmt::format("got {}, need {}", v.dump(), l.text()));
  } else if (v.is_string() && !l.choices.empty()) {
    const auto text = v.get<std::string>();
    if (std::find(l.choices.begin(), l.choices.end(), text) == l.choices.end())
      throw error(fmt::format("got '{}', need {}{}", text, l.text(), did_you_mean(text, l.choices)));
  }
}

}

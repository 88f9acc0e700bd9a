#include <cmath>

#include <nlohmann/json.hpp>

#include "noneq/config/detail/scalar.hpp"
#include "noneq/config/emit.hpp"

namespace noneq::config {

using nlohmann::json;

static json scalar_json(const value& v) {
  if (v.is_text()) return v.text();
  if (resolve(v.text()) == scalar_type::boolean) return v.text()[0] == 't' || v.text()[0] == 'T';
  if (const auto whole = to_integer(v.text())) return *whole;
  const auto real = to_real(v.text());
  return real && std::isfinite(*real) ? json(*real) : json(v.text());
}

json to_json(const value& v) {
  switch (v.type()) {
    case value::kind::null:
      return nullptr;
    case value::kind::scalar:
      return scalar_json(v);
    case value::kind::list: {
      json all = json::array();
      for (const value& item : v.items()) all.push_back(to_json(item));
      return all;
    }
    case value::kind::map:
      break;
  }
  json all = json::object();
  for (const auto& [key, below] : v.entries()) all[key] = to_json(below);
  return all;
}

static value from_json(const json& j, int level) {
  constexpr int deepest = 64;
  if (level > deepest) throw error("got JSON of more than 64 levels, need less");
  switch (j.type()) {
    case json::value_t::null:
      return value::null();
    case json::value_t::boolean:
      return value::scalar(j.get<bool>() ? "true" : "false");
    case json::value_t::number_integer:
      return value::scalar(std::to_string(j.get<std::int64_t>()));
    case json::value_t::number_unsigned:
      return value::scalar(std::to_string(j.get<std::uint64_t>()));
    case json::value_t::number_float:
      return value::scalar(real_text(j.get<double>()));
    case json::value_t::string: {
      const auto& text = j.get_ref<const std::string&>();
      return value::scalar(text, resolve(text) != scalar_type::text);
    }
    case json::value_t::array: {
      value list = value::list();
      for (const json& item : j) list.push_back(from_json(item, level + 1));
      return list;
    }
    case json::value_t::object: {
      value map = value::map();
      for (const auto& [key, below] : j.items()) map.set(key, from_json(below, level + 1));
      return map;
    }
    default:
      throw error("got JSON that holds no value, need one without binary data");
  }
}

value from_json(const json& j) { return from_json(j, 0); }

}

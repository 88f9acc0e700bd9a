// One row of a plugin's table: how a YAML value becomes a member of the plugin, and what may stand there.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "noneq/config/problems.hpp"
#include "noneq/config/read.hpp"
#include "noneq/config/value.hpp"
#include "noneq/plugin/object.hpp"

namespace noneq {

class registry;

// What a value must satisfy beyond its type; for lists, what each item must.
struct limits {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false, required = false;
  std::vector<std::string> choices;

  std::string text() const;  // "a value in [0, 1)", "one of a, b"
  bool bounded() const;
};

inline limits between(double low, double high) { return {.low = low, .high = high, .choices = {}}; }
inline limits at_least(double low) { return {.low = low, .choices = {}}; }
inline limits at_most(double high) { return {.high = high, .choices = {}}; }
inline limits above(double low) { return {.low = low, .low_open = true, .choices = {}}; }
inline limits inside(double low, double high) {
  return {.low = low, .high = high, .low_open = true, .high_open = true, .choices = {}};
}
inline limits one_of(std::vector<std::string> names) { return {.choices = std::move(names)}; }
inline limits required() { return {.required = true, .choices = {}}; }

// What reading a value may need besides the value: other plugins, and where to put problems.
struct reading {
  registry& plugins;
  problems& found;
  std::string subject;  // "model.hidden"
};

struct parameter {
  std::string name, doc, type;  // type in words: "integer", "list of numbers", "a weighting plugin"
  limits allowed;
  nlohmann::json initial;  // the default; null when there is none
  nlohmann::json schema;   // JSON Schema of the value
  std::string part_role;   // for a plugin within a plugin: its role
  bool part_list = false;  // whether it may be a list of such
  // Sets the member from YAML, or from its default when `given` is null; problems go to reading.found.
  std::function<void(object&, const value* given, const reading&)> assign;
  // The member as YAML, for the resolved pipeline.
  std::function<value(const object&)> render;
};

// How a type of member is read, named and drawn. Plugin authors use: bool, std::int64_t, double, std::string,
// std::filesystem::path, std::vector of these, noneq::part<role> and
// noneq::parts<role>.
template <class T>
struct parameter_type;

value render_scalar(const nlohmann::json&);
nlohmann::json type_schema(const std::string& type, const limits&);
// Throws noneq::error when the number or text does not satisfy the limits.
void check_limits(const nlohmann::json& v, const limits&);

template <class T>
constexpr const char* type_words() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "integer";
  else if constexpr (std::is_same_v<T, double>)
    return "number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "text";
  else if constexpr (std::is_same_v<T, std::filesystem::path>)
    return "path";
  else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>)
    return "list of integers";
  else if constexpr (std::is_same_v<T, std::vector<double>>)
    return "list of numbers";
  else if constexpr (std::is_same_v<T, std::vector<std::string>>)
    return "list of texts";
  else
    static_assert(
        !sizeof(T),
        "a parameter must be bool, int64, double, string, path, a vector of these, part<role> or parts<role>");
}

template <class T>
nlohmann::json to_plain_json(const T& v) {
  if constexpr (std::is_same_v<T, std::filesystem::path>)
    return v.string();
  else
    return v;
}

template <class T>
concept part_member = requires(T t) {
  typename T::role_type;
};

inline limits merged(std::initializer_list<limits> all) {
  limits m;
  for (const limits& l : all) {
    if (l.low > m.low) m.low = l.low, m.low_open = l.low_open;
    if (l.high < m.high) m.high = l.high, m.high_open = l.high_open;
    m.required |= l.required;
    if (!l.choices.empty()) m.choices = l.choices;
  }
  return m;
}

template <class P, class T, class... Limits>
parameter make_parameter(std::string name, T P::*member, const T& initial, std::string doc, const Limits&... more) {
  parameter p;
  p.name = std::move(name);
  p.doc = std::move(doc);
  p.allowed = merged({more..., limits{}});
  if constexpr (part_member<T>) {
    p.part_role = T::role_type::role_name;
    p.part_list = T::is_list;
    p.type = p.part_list ? "list of " + p.part_role + " plugins" : "a " + p.part_role + " plugin";
    if constexpr (!T::is_list)
      if (!initial.name().empty()) p.initial = initial.name();
    p.assign = [member](object& o, const value* v, const reading& r) { (static_cast<P&>(o).*member).assign(v, r); };
    p.render = [member](const object& o) { return (static_cast<const P&>(o).*member).render(); };
  } else {
    p.type = type_words<T>();
    if (!p.allowed.required) p.initial = to_plain_json(initial);
    p.schema = type_schema(p.type, p.allowed);
    const bool may_be_empty = std::is_same_v<T, std::filesystem::path> && p.initial == "";
    p.assign = [member, may_be_empty, allowed = p.allowed](object& o, const value* v, const reading& r) {
      if (v == nullptr) return;
      r.found.guard(
          [&] {
            // A path that may be left out is '' in a resolved pipeline.
            const bool left_out = may_be_empty && v->is_scalar() && v->text().empty();
            T read_value = left_out ? T{} : read<T>(*v);
            check_limits(to_plain_json(read_value), allowed);
            static_cast<P&>(o).*member = std::move(read_value);
          },
          v->where(), r.subject);
    };
    p.render = [member](const object& o) { return render_scalar(to_plain_json(static_cast<const P&>(o).*member)); };
  }
  return p;
}

}

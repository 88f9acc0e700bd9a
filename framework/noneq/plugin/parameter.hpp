// One row of a plugin's table: how a YAML value becomes a member of the plugin, and its limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "noneq/config/problems.hpp"
#include "noneq/config/read.hpp"
#include "noneq/config/value.hpp"
#include "noneq/plugin/object.hpp"
#include "noneq/plugin/shard_count.hpp"
#include "noneq/plugin/start_point.hpp"
#include "noneq/plugin/step_count.hpp"

namespace noneq {

class registry;
struct instance;

// The limits of a value beyond its type; for lists, of each item.
struct limits {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false, required = false;
  std::vector<std::string> choices;

  std::string text() const;  // "a value in [0, 1)", "one of a, b"
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

// The surroundings of a value that is read: other plugins, and the collection of problems.
struct reading {
  registry& plugins;
  config::problems& found;
  std::string subject;  // "model.hidden"
};

struct parameter {
  std::string name, doc, type;  // type in words: "integer", "list of numbers", "a weighting plugin"
  limits allowed;
  config::value initial;   // the default; null when there is none
  std::string part_role;   // for a plugin within a plugin: its role
  bool part_list = false;  // whether it may be a list of plugins
  // Sets the member from YAML, or from its default when `given` is null; problems go to reading.found.
  std::function<void(object&, const config::value* given, const reading&)> assign;
  // Returns the member as YAML, for the resolved pipeline.
  std::function<config::value(const object&)> render;
  // For plugins within a plugin: calls the function with each of them.
  std::function<void(const object&, const std::function<void(const instance&)>&)> visit_parts;
};

// Returns whether the parameter is the path of a file or folder, or a list of paths, which may be patterns.
bool holds_paths(const parameter& p);

// Conversion of a member to YAML, and reading it with limits, for the types that parameter_types.cpp lists.
template <class T>
config::value written(const T& member);
// Adds problems to r.found and then leaves the member as it is.
template <class T>
void assign_value(T& member, const config::value& given, const limits& allowed, const reading& r);

template <class T>
constexpr const char* type_words() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "integer";
  else if constexpr (std::is_same_v<T, step_count>)
    return "integer or continuous";
  else if constexpr (std::is_same_v<T, shard_count>)
    return "integer or auto";
  else if constexpr (std::is_same_v<T, start_point>)
    return "text, or a map of from and t or deviation";
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
  else if constexpr (std::is_same_v<T, std::vector<std::filesystem::path>>)
    return "list of paths";
  else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>)
    return "text, or map of texts";
  else
    static_assert(
        !sizeof(T),
        "a parameter must be bool, int64, double, string, path, a vector of these, map<string, string>, part<role> or "
        "parts<role>");
}

template <class T>
concept part_member = requires(T t) {
  typename T::role_type;
};

limits merged(std::initializer_list<limits> all);  // all of them at once

// Cold, as all code that makes a table: it runs once for each plugin, and to optimise it for speed would take a third
// of the time that plugins take to compile.
template <class P, class T>
[[gnu::cold]] parameter make_parameter(std::string_view name, T P::*member, const T& initial, std::string_view doc,
                                       limits allowed) {
  parameter p;
  p.name = name;
  p.doc = doc;
  p.allowed = std::move(allowed);
  if constexpr (part_member<T>) {
    p.part_role = T::role_type::role_name;
    p.part_list = T::is_list;
    p.type = p.part_list ? "list of " + p.part_role + " plugins" : "a " + p.part_role + " plugin";
    if constexpr (!T::is_list)
      if (!initial.name().empty()) p.initial = config::value::scalar(initial.name());
    p.assign = [member](object& o, const config::value* v, const reading& r) {
      (static_cast<P&>(o).*member).assign(v, r);
    };
    p.render = [member](const object& o) { return (static_cast<const P&>(o).*member).render(); };
    p.visit_parts = [member](const object& o, const auto& visit) { (static_cast<const P&>(o).*member).visit(visit); };
  } else {
    p.type = type_words<T>();
    if (!p.allowed.required) p.initial = written(initial);
    p.assign = [member, allowed = p.allowed](object& o, const config::value* v, const reading& r) {
      if (v != nullptr) assign_value(static_cast<P&>(o).*member, *v, allowed, r);
    };
    p.render = [member](const object& o) { return written(static_cast<const P&>(o).*member); };
  }
  return p;
}

}

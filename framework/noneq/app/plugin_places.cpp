#include "noneq/app/plugin_places.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/plugin_schema.hpp"
#include "noneq/config/schema.hpp"

namespace noneq::app {
namespace {

using nlohmann::json;

std::string full_name(const plugin_answer& a) { return a.of.role + "." + a.of.name; }

// Returns the rule that a map names this plugin. No enum, because editors would take one for a choice.
json is_named(const plugin_answer& a, naming names) {
  if (names == naming::with_role) return {{"const", full_name(a)}};
  return {{"pattern", fmt::format("^({}\\.)?{}$", a.of.role, a.of.name)}};
}

// The names with the doc of each. Names with the role in front, where they may be left out, are no choices, so that an
// editor offers each plugin once.
json names_schema(const std::vector<plugin_answer>& choices, naming names) {
  std::vector<std::string> words, docs, bare;
  for (const plugin_answer& a : choices) {
    words.push_back(names == naming::with_role ? full_name(a) : a.of.name);
    docs.push_back(a.said["doc"]);
    bare.push_back(a.of.name);
  }
  const json one = config::choice_schema(words, docs);
  if (names == naming::with_role || choices.empty()) return one;
  const std::string pattern = fmt::format("^{}\\.({})$", choices.front().of.role, fmt::join(bare, "|"));
  return config::any_of({one, {{"type", "string"}, {"pattern", pattern}}});
}

std::vector<plugin_answer> without_needs(const std::vector<plugin_answer>& choices) {
  std::vector<plugin_answer> all = choices;
  std::erase_if(all, [](const plugin_answer& a) { return !a.said["needed"].empty(); });
  return all;
}

// A map that names its plugin, with all its keys; `needs` those that it must have.
json map_schema(const plugin_place& place, bool needs) {
  json rules = json::array();
  for (const plugin_answer& a : place.choices) {
    json then = reference_to(full_name(a));
    if (needs && !a.said["needed"].empty()) then = {{"allOf", {then}}, {"required", a.said["needed"]}};
    rules.push_back(
        {{"if", {{"properties", {{"plugin", is_named(a, place.names)}}}, {"required", {"plugin"}}}}, {"then", then}});
  }
  json map{{"type", "object"},
           {"properties", {{"plugin", names_schema(place.choices, place.names)}}},
           {"required", {"plugin"}}};
  if (!rules.empty()) map["allOf"] = rules;
  if (needs) map["dependencies"]["as"] = {"in"};  // new names are those of inputs
  return map;
}

// A map whose plugin only the other file names, or that removes keys or changes a part of a part: its keys are those of
// some plugin.
json unnamed_map(const plugin_place& place) {
  std::set<std::string> keys{"plugin"};
  for (const plugin_answer& a : place.choices)
    for (const auto& [key, _] : a.said["keys"]["properties"].items()) keys.insert(key);
  const json flat{{"additionalProperties", {{"not", {{"type", {"null", "object"}}}}}}};
  return {{"type", "object"},
          {"properties", {{"plugin", names_schema(place.choices, place.names)}}},
          {"propertyNames", config::enum_schema({keys.begin(), keys.end()})},
          {"anyOf", {{{"not", {{"required", {"plugin"}}}}}, {{"not", flat}}}}};
}

}

json plugin_place::whole() const {
  const auto alone = without_needs(choices);
  const json map = map_schema(*this, true);
  return alone.empty() ? map : config::any_of({names_schema(alone, names), map});
}

json plugin_place::partial() const {
  return config::any_of(
      {names_schema(choices, names), map_schema(*this, false), unnamed_map(*this), {{"type", "null"}}});
}

}

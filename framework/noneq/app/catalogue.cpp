#include "noneq/app/catalogue.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/emit.hpp"
#include "noneq/core/messages.hpp"

namespace noneq::app {

using nlohmann::ordered_json;

static ordered_json names(const std::vector<named_tensor_doc>& tensors) {
  ordered_json list = ordered_json::array();
  for (const auto& t : tensors) list.push_back({{"name", t.name}, {"doc", t.doc}});
  return list;
}

ordered_json to_json(const plugin_entry& e) {
  ordered_json parameters = ordered_json::array();
  for (const parameter& p : e.parameters) {
    ordered_json row{{"name", p.name},
                     {"type", p.type},
                     {"doc", p.doc},
                     {"required", p.allowed.required},
                     {"default", config::to_json(p.initial)}};
    if (const std::string range = p.allowed.text(); !range.empty()) row["range"] = range;
    parameters.push_back(std::move(row));
  }
  return {{"plugin", e.full_name()}, {"doc", e.doc},
          {"spaces", e.spaces},      {"parameters", parameters},
          {"reads", names(e.reads)}, {"writes", names(e.writes)}};
}

std::string value_words(const ordered_json& parameter) {
  const std::string range = parameter.value("range", "");
  const std::string initial = parameter["required"]            ? "required"
                              : parameter["default"].is_null() ? "may be left out"
                                                               : "default " + to_text(parameter["default"], -1);
  return fmt::format("{}{}{}; {}", parameter["type"].get<std::string>(), range.empty() ? "" : ", ", range, initial);
}

std::string to_text(const ordered_json& j, int indent) {
  return j.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string need_role(const registry& plugins, const std::string& role) {
  const auto roles = plugins.roles();
  if (std::find(roles.begin(), roles.end(), role) == roles.end())
    throw error(fmt::format("there is no role '{}'{} (there are: {})", role, did_you_mean(role, roles),
                            fmt::join(roles, ", ")));
  return role;
}

std::vector<plugin_name> plugin_names(const registry& plugins, const std::string& role) {
  std::vector<plugin_name> all;
  for (const std::string& r : plugins.roles())
    if (role.empty() || r == role)
      for (const std::string& name : plugins.names(r)) all.push_back({r, name});
  return all;
}

void report_problems(const registry& plugins, const std::vector<plugin_answer>& answers) {
  std::set<std::string> problems(plugins.truncated().begin(), plugins.truncated().end());
  for (const plugin_answer& a : answers)
    if (!a.problem.empty()) problems.insert(a.problem);  // an error of a whole library comes once for each plugin
  for (const std::string& problem : problems) put_message(fmt::format("noneq: {}\n", problem));
}

std::vector<plugin_answer> all_plugins(registry& plugins, const std::function<ordered_json(const plugin_entry&)>& show,
                                       const std::string& role) {
  std::vector<plugin_answer> found = ask_apart(plugins, plugin_names(plugins, role), show);
  report_problems(plugins, found);
  std::erase_if(found, [](const plugin_answer& a) { return !a.problem.empty(); });
  return found;
}

ordered_json with_files(ordered_json table, const registry& plugins, const plugin_name& of) {
  const auto& files = plugins.files(of.role, of.name);
  table["file"] = files.front().string();
  ordered_json hidden = ordered_json::array();
  for (std::size_t i = 1; i < files.size(); ++i) hidden.push_back(files[i].string());
  if (!hidden.empty()) table["hides"] = std::move(hidden);
  return table;
}

}

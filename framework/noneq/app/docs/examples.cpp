#include "noneq/app/docs/examples.hpp"

#include <cctype>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/config/extends.hpp"
#include "noneq/flow/attachment.hpp"
#include "noneq/plugin/parameter.hpp"

namespace noneq::app {
namespace {

std::string capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

config::value some_value(const parameter& p) {
  const limits& l = p.allowed;
  if (!l.choices.empty()) return config::value::scalar(l.choices.front());
  const bool number = p.type.find("integer") != p.type.npos || p.type.find("number") != p.type.npos;
  if (!number) return config::value::scalar(p.type == type_words<bool>() ? "true" : capitals(p.name));
  double x = 1;
  if (std::isfinite(l.low) && std::isfinite(l.high))
    x = l.low_open ? (l.low + l.high) / 2 : l.low;
  else if (std::isfinite(l.low))
    x = l.low_open ? l.low + 1 : l.low;
  else if (std::isfinite(l.high))
    x = l.high_open ? l.high - 1 : l.high;
  return p.type.find("integer") != p.type.npos ? config::from_json(static_cast<std::int64_t>(x)) : config::from_json(x);
}

// Calls f with the plugin of a value: its name, with or without its role.
template <class F>
void with_plugin(const config::value& v, const std::string& role, const F& f) {
  if (v.is_list()) {
    for (const config::value& item : v.items()) with_plugin(item, role, f);
    return;
  }
  const config::value* name = v.is_map() ? v.find("plugin") : &v;
  if (name == nullptr || !name->is_scalar()) return;
  f(name->text().find('.') == std::string::npos ? role + "." + name->text() : name->text());
}

config::value entry(const std::string& key, const config::value& v) {
  config::value map = config::value::map();
  map.set(key, v);
  return map;
}

}

config::value shortest_example(const plugin_entry& e) {
  config::value v = config::value::map();
  const auto a = flow::attachment_of(e);
  v.set("plugin", config::value::scalar(a ? e.full_name() : e.name));
  if (a && a->needs_in) v.set("in", config::value::scalar("NODE"));
  if (a && a->of) v.set("of", config::value::scalar("MODEL"));
  for (const parameter& p : e.parameters)
    if (p.allowed.required) v.set(p.name, some_value(p));
  return v;
}

std::map<std::string, std::vector<plugin_use>> uses_in(const std::filesystem::path& folder,
                                                       const part_parameters& parts) {
  std::map<std::string, std::vector<plugin_use>> uses;
  std::set<std::filesystem::path> files;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(folder, none))
    if (file.path().extension() == ".yaml") files.insert(file.path());
  for (const auto& file : files) try {
      const config::value document = config::parse_pipeline(file);
      const auto add = [&](const std::string& plugin, const config::value& node) {
        uses[plugin].push_back({file.filename().string(), node});
      };
      if (const config::value* process = document.find("process"))
        for (const auto& [role, v] : process->entries())
          with_plugin(v, role, [&](const std::string& plugin) { add(plugin, entry("process", entry(role, v))); });
      if (const config::value* graph = document.find("graph"))
        for (const auto& [id, node] : graph->entries())
          with_plugin(node, "", [&](const std::string& plugin) {
            add(plugin, entry(id, node));
            if (const auto within = parts.find(plugin); within != parts.end())
              for (const auto& [key, role] : within->second)
                if (const config::value* part = node.find(key))
                  with_plugin(*part, role, [&](const std::string& name) { add(name, entry(id, node)); });
          });
    } catch (const error&) {
      continue;  // an example less
    }
  return uses;
}

}

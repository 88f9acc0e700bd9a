#include "noneq/plugin/part.hpp"

#include <fmt/format.h>

#include "noneq/config/keys.hpp"
#include "noneq/core/any_exception.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq {
namespace {

// A name that may carry its role in front: "cosine" or "schedule.cosine".
std::string plain_name(std::string_view role, const config::value& name) {
  std::string text = config::read<std::string>(name);
  const std::string prefix = std::string(role) + ".";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// The end of the line "… has no parameter 'key'".
std::string remedy(const plugin_entry& e, const config::value& map, const std::string& key,
                   const std::vector<std::string>& known) {
  const former_key* former = e.find_former(key);
  if (former == nullptr) return config::remedy_of_key(map, key, known);
  return former->advice.empty() ? fmt::format("; it is called '{}' now", former->now) : "; " + former->advice;
}

bool given_by_former_key(const plugin_entry& e, const config::value& map, const std::string& name) {
  return std::any_of(e.former_keys.begin(), e.former_keys.end(),
                     [&](const former_key& k) { return k.now == name && map.find(k.name) != nullptr; });
}

std::vector<std::string> known_keys(const plugin_entry& e, const std::vector<std::string>& reserved) {
  std::vector<std::string> known = reserved;
  known.push_back("plugin");
  for (const parameter& p : e.parameters) known.push_back(p.name);
  return known;
}

void refuse_unknown_keys(const plugin_entry& e, const config::value& map, const reading& r,
                         const std::vector<std::string>& known) {
  for (const std::string& key : config::unknown_keys(map, known))
    r.found.add(error(fmt::format("{} has no parameter '{}'{}", e.full_name(), key, remedy(e, map, key, known)),
                      r.subject + "." + key, map.key_place(key)));
}

void assign_parameters(object& made, const plugin_entry& e, const config::value& map, const reading& r,
                       const std::vector<std::string>& known) {
  for (const parameter& p : e.parameters) {
    const config::value* given = map.is_map() ? map.find(p.name) : nullptr;
    const bool refused = given == nullptr && map.is_map() &&
                         (given_by_former_key(e, map, p.name) || config::is_mistyped(map, p.name, known));
    if (refused) continue;
    if (given == nullptr && p.allowed.required)
      r.found.add(error(fmt::format("is missing; {} ({})", p.doc, p.type), r.subject + "." + p.name, map.where()));
    else
      p.assign(made, given, {r.plugins, r.found, r.subject + "." + p.name});
  }
}

// Any exception of a plugin's check, libtorch's with their backtrace too, becomes one line.
void check_object(const object& made, const plugin_entry& e, const std::string& subject) {
  try {
    said_of(subject, [&] { made.check(); });
  } catch (const error&) {
    throw;
  } catch (...) {
    throw error(fmt::format("the plugin {} failed in its check: {}", e.full_name(), text_of(std::current_exception())));
  }
}

}

instance instantiate(std::string_view role, const config::value& v, const reading& r,
                     const std::vector<std::string>& reserved) {
  instance result;
  result.where = v.where();
  const std::size_t before = r.found.size();
  r.found.guard(
      [&] {
        const config::value* name = v.type() == config::value::kind::map ? v.find("plugin") : &v;
        if (name == nullptr || name->type() != config::value::kind::scalar)
          throw error(
              fmt::format("got {}, need the name of a {} plugin, or a map with the key 'plugin'", v.kind_name(), role));
        const plugin_entry* e = nullptr;
        r.found.guard([&] { e = &r.plugins.find(role, plain_name(role, *name)); }, name->where(), r.subject);
        if (e == nullptr) return;
        result.entry = e;
        const at_work here(*e, r.subject);
        result.made = make_object(*e);
        const std::vector<std::string> known = known_keys(*e, reserved);
        if (v.is_map()) refuse_unknown_keys(*e, v, r, known);
        assign_parameters(*result.made, *e, v, r, known);
        if (r.found.size() == before) check_object(*result.made, *e, r.subject);
      },
      v.where(), r.subject);
  return result;
}

config::value render(const instance& i) {
  config::value map = config::value::map();
  map.set("plugin", config::value::scalar(i.entry->name));
  for (const parameter& p : i.entry->parameters)
    if (config::value v = p.render(*i.made); v.type() != config::value::kind::null) map.set(p.name, std::move(v));
  return map;
}

}

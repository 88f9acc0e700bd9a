#include "noneq/flow/named_files.hpp"

#include "noneq/core/error.hpp"
#include "noneq/storage/file_names.hpp"

namespace noneq::flow {
namespace {

namespace fs = std::filesystem;

struct lookup {
  registry& plugins;
  const fs::path& begun_in;

  void file(config::value& name) const {
    const fs::path path = name.text();
    const auto there = [](const fs::path& p) {
      std::error_code none;
      return fs::exists(p, none) || (storage::is_pattern(p) && !storage::matching_files(p).empty());
    };
    if (path.empty() || path.is_absolute() || there(path) || !there(begun_in / path)) return;
    config::value found = config::value::scalar((begun_in / path).lexically_normal().string());
    found.set_where(name.where());
    name = std::move(found);
  }

  // A plugin of a role, as its name or with its parameters, or a list of such.
  void plugin(const std::string& role, config::value& v) const {
    for (std::size_t i = 0; i < v.items().size(); ++i) plugin(role, v.item(i));
    const config::value* named = v.is_map() ? v.find("plugin") : nullptr;
    if (named == nullptr || role == "writer") return;
    const std::string text = named->text(), prefix = role + ".";
    try {
      for (const parameter& p :
           plugins.find(role, text.starts_with(prefix) ? text.substr(prefix.size()) : text).parameters)
        if (config::value* given = v.find(p.name)) {
          if (!p.part_role.empty()) plugin(p.part_role, *given);
          if (!holds_paths(p)) continue;
          if (given->is_scalar()) file(*given);
          for (std::size_t i = 0; i < given->items().size(); ++i)
            if (given->item(i).is_scalar()) file(given->item(i));
        }
    } catch (const error&) {  // no such plugin: the plan names it
    }
  }
};

}

void look_for_files(config::value& document, registry& plugins, const fs::path& begun_in) {
  if (!document.is_map() || begun_in.empty()) return;
  const lookup all{plugins, begun_in};
  const auto each = [&](const char* section, const auto& use) {
    config::value* map = document.find(section);
    const config::value whole = map ? *map : config::value::map();
    for (const auto& [key, v] : whole.entries()) use(key, *map->find(key));
  };
  each("process", [&](const std::string& role, config::value& v) { all.plugin(role, v); });
  each("graph", [&](const std::string&, config::value& v) {
    if (const config::value* name = v.is_map() ? v.find("plugin") : nullptr)
      all.plugin(name->text().substr(0, name->text().find('.')), v);
  });
}

}

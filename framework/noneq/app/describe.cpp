// noneq describe PLUGIN
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/emit.hpp"

namespace noneq {
namespace {

// So that what stands beside the names is one column.
std::size_t widest_name(const plugin_entry& e) {
  std::size_t width = 0;
  for (const parameter& p : e.parameters) width = std::max(width, p.name.size());
  for (const auto* tensors : {&e.reads, &e.writes})
    for (const auto& t : *tensors) width = std::max(width, t.name.size());
  return width;
}

void print_table(const plugin_entry& e) {
  const std::size_t width = widest_name(e);
  fmt::print("{}\n  {}\n", e.full_name(), e.doc);
  if (!e.spaces.empty()) fmt::print("  space: {}\n", fmt::join(e.spaces, ", "));
  if (!e.parameters.empty()) fmt::print("\nparameters\n");
  for (const parameter& p : e.parameters) {
    const std::string range = p.allowed.text();
    fmt::print("  {:<{}}  {}{}; {}\n  {:<{}}  {}\n", p.name, width, p.type, range.empty() ? "" : ", " + range,
               p.allowed.required    ? "required"
               : p.initial.is_null() ? "may be left out"
                                     : "default " + to_json(p.initial).dump(),
               "", width, p.doc);
  }
  for (const auto& [title, tensors] : {std::pair{"reads", &e.reads}, std::pair{"writes", &e.writes}}) {
    if (!tensors->empty()) fmt::print("\n{}\n", title);
    for (const auto& t : *tensors) fmt::print("  {:<{}}  {}\n", t.name, width, t.doc);
  }
}

// "schedule.cosine", or "cosine" when only one role has it.
const plugin_entry& find(registry& plugins, const std::string& name) {
  const auto dot = name.find('.');
  if (dot != std::string::npos) {
    const std::string role = need_role(plugins, name.substr(0, dot));
    return plugins.find(role, name.substr(dot + 1));
  }
  std::vector<std::string> homes, all;
  for (const std::string& role : plugins.roles())
    for (const std::string& known : plugins.names(role)) {
      if (known == name) homes.push_back(role);
      all.push_back(known);
    }
  if (homes.size() == 1) return plugins.find(homes[0], name);
  if (homes.empty()) throw error(fmt::format("no plugin is called '{}'{}", name, did_you_mean(name, all)));
  throw error(fmt::format("'{}' is a plugin of several roles; need one of {}.{}", name,
                          fmt::join(homes, "." + name + ", "), name));
}

}

void add_describe(CLI::App& program) {
  struct options {
    std::string plugin;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("describe", "a plugin's parameters, and what it reads and writes");
  verb->add_option("PLUGIN", o->plugin, "its name, as in schedule.cosine")->required();
  verb->add_flag("--json", o->json, "as JSON");
  verb->callback([o] {
    registry plugins = installed_plugins();
    const plugin_entry& e = as_input([&]() -> const plugin_entry& { return find(plugins, o->plugin); });
    if (o->json)
      fmt::print("{}\n", to_text(to_json(e), 2));
    else
      print_table(e);
  });
}

}

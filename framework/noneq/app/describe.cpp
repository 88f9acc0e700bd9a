// noneq describe PLUGIN
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

std::string text(const ordered_json& j, const char* key) { return j.value(key, ""); }

// Aligns the texts beside the names in one column.
std::size_t widest_name(const ordered_json& table) {
  std::size_t width = 0;
  for (const char* list : {"parameters", "reads", "writes"})
    for (const auto& row : table[list]) width = std::max(width, text(row, "name").size());
  return width;
}

void print_table(const ordered_json& table) {
  const std::size_t width = widest_name(table);
  print_out("{}\n  {}\n", text(table, "plugin"), text(table, "doc"));
  if (const auto spaces = table["spaces"].get<std::vector<std::string>>(); !spaces.empty())
    print_out("  space: {}\n", fmt::join(spaces, ", "));
  print_out("  file: {}\n", text(table, "file"));
  for (const auto& hidden : table.value("hides", ordered_json::array()))
    print_out("  hides: {}\n", hidden.get<std::string>());
  if (!table["parameters"].empty()) print_out("\nparameters\n");
  for (const auto& p : table["parameters"]) {
    print_out("  {:<{}}  {}\n  {:<{}}  {}\n", text(p, "name"), width, value_words(p), "", width, text(p, "doc"));
  }
  for (const char* title : {"reads", "writes"}) {
    if (!table[title].empty()) print_out("\n{}\n", title);
    for (const auto& t : table[title]) print_out("  {:<{}}  {}\n", text(t, "name"), width, text(t, "doc"));
  }
}

// "schedule.cosine", or "cosine" when only one role has it.
plugin_name find(const registry& plugins, const std::string& name) {
  const auto dot = name.find('.');
  if (dot != std::string::npos) return {need_role(plugins, name.substr(0, dot)), name.substr(dot + 1)};
  std::vector<std::string> homes, all;
  for (const auto& [role, known] : plugin_names(plugins)) {
    if (known == name) homes.push_back(role);
    all.push_back(known);
  }
  if (homes.size() == 1) return {homes[0], name};
  if (homes.empty()) throw error(fmt::format("no plugin is called '{}'{}", name, did_you_mean(name, all)));
  throw error(fmt::format("'{}' is a plugin of several roles; need one of {}.{}", name,
                          fmt::join(homes, "." + name + ", "), name));
}

ordered_json table_of(registry& plugins, const std::string& name) {
  const plugin_name of = find(plugins, name);
  const auto show = [](const plugin_entry& e) { return to_json(e); };
  const plugin_answer answer = ask_apart(plugins, {of}, show).front();
  if (!answer.problem.empty()) throw error(answer.problem);
  return with_files(answer.said, plugins, of);
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
    const ordered_json table = as_input([&] { return table_of(plugins, o->plugin); });
    if (o->json)
      print_out("{}\n", to_text(table, 2));
    else
      print_table(table);
  });
}

}

// noneq list [ROLE]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq {

void add_list(CLI::App& program) {
  struct options {
    std::string role;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("list", "the installed plugins");
  verb->add_option("ROLE", o->role, "only plugins of this role");
  verb->add_flag("--json", o->json, "as JSON, with every parameter");
  verb->callback([o] {
    registry plugins = installed_plugins();
    if (!o->role.empty()) as_input([&] { need_role(plugins, o->role); });
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const plugin_entry* e : all_plugins(plugins, o->role)) {
      if (o->json)
        all.push_back(to_json(*e));
      else
        fmt::print("{:<34} {}\n", e->full_name(), e->doc);
    }
    if (o->json) fmt::print("{}\n", to_text(all, 2));
  });
}

}

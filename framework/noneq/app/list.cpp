// noneq list [ROLE]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/pipeline_file.hpp"
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
    const auto roles = plugins.roles();
    if (!o->role.empty() && std::find(roles.begin(), roles.end(), o->role) == roles.end())
      throw input_error({error(fmt::format("there is no role '{}'{} (there are: {})", o->role, did_you_mean(o->role, roles), fmt::join(roles, ", ")))});
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const plugin_entry* e : all_plugins(plugins, o->role)) {
      if (o->json) all.push_back(to_json(*e));
      else fmt::print("{:<34} {}\n", e->full_name(), e->doc);
    }
    if (o->json) fmt::print("{}\n", all.dump(2));
  });
}

}

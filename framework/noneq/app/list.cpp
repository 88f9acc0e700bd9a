// noneq list [ROLE]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {

void add_list(CLI::App& program) {
  struct options {
    std::string role;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("list", "the installed plugins and their libraries");
  verb->add_option("ROLE", o->role, "only plugins of this role");
  verb->add_flag("--json", o->json, "as JSON, with every parameter");
  verb->callback([o] {
    registry plugins = installed_plugins();
    if (!o->role.empty()) as_input([&] { need_role(plugins, o->role); });
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    const auto table = [](const plugin_entry& e) { return to_json(e); };
    for (const plugin_answer& a : all_plugins(plugins, table, o->role)) {
      const auto whole = with_files(a.said, plugins, a.of);
      if (o->json) {
        all.push_back(whole);
        continue;
      }
      const std::filesystem::path file = whole["file"].get<std::string>();
      print_out("{:<31} {:<16} {}\n", whole["plugin"].get<std::string>(), file.filename().string(),
                whole["doc"].get<std::string>());
      for (const auto& hidden : whole.value("hides", nlohmann::ordered_json::array()))
        print_out("{:<31} from {}, which hides {}\n", "", file.string(), hidden.get<std::string>());
    }
    if (o->json) print_out("{}\n", to_text(all, 2));
  });
}

}

// noneq docs --out DIR: the guide and the reference as pages for a browser, which load nothing from elsewhere.
#include <fmt/format.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/docs/guide.hpp"
#include "noneq/app/docs/reference.hpp"
#include "noneq/app/docs/site_folder.hpp"
#include "noneq/app/out_file.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/page/frame.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/shared_folder.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"

namespace noneq::app {
namespace {

std::vector<plugin_answer> described(registry& plugins) {
  auto all = ask_apart(plugins, plugin_names(plugins), reference_table);
  report_problems(plugins, all);
  return all;
}

// "a grid plugin" and "list of guide plugins" are plugins within a plugin.
part_parameters parts_of(const std::vector<plugin_answer>& all, const std::vector<std::string>& roles) {
  part_parameters parts;
  for (const plugin_answer& a : all) {
    if (!a.problem.empty()) continue;
    for (const auto& p : a.said["parameters"])
      for (const std::string& role : roles)
        if (const std::string type = p["type"];
            type == "a " + role + " plugin" || type == "list of " + role + " plugins")
          parts[a.of.role + "." + a.of.name][p["name"]] = role;
  }
  return parts;
}

site whole_site(const CLI::App& program, registry& plugins, const std::filesystem::path& shared) {
  site s;
  add_guide(s, shared / "text");
  add_key_page(s);
  add_command_page(s, command_table(program), grouped_verbs(program));
  const auto all = described(plugins);
  const auto uses = uses_in(shared / "text/pipelines", parts_of(all, plugins.roles()));
  std::vector<role_reference> roles;
  for (const std::string& role : plugins.roles()) {
    role_reference r{role, contracts_of(shared / "roles", role), all, uses};
    std::erase_if(r.plugins, [&](const plugin_answer& a) { return a.of.role != role; });
    roles.push_back(std::move(r));
  }
  add_role_list(s, roles);
  for (const role_reference& r : roles) add_role_page(s, r, plugins);
  return s;
}

}

void add_docs(CLI::App& program) {
  auto out = std::make_shared<out_file>();
  CLI::App* verb = program.add_subcommand("docs", "the guide and the reference as pages for a browser");
  out->add_to(*verb, "the folder to write, new or of an earlier noneq docs")->required();
  verb->callback([out, &program] {
    if (!holds_site(out->path)) out->need_free();
    const std::filesystem::path shared = shared_folder("docs");
    registry plugins = installed_plugins();
    need_folder(out->path);
    write_site(out->path, files_of(whole_site(program, plugins, shared), shared));
    print_out("{}\n", (std::filesystem::path(out->path) / "index.html").string());
  });
}

}

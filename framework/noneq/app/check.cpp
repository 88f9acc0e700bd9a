// noneq check FILE
#include <fmt/format.h>

#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/join_checks.hpp"
#include "noneq/flow/plan_remarks.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/writer_checks.hpp"

namespace noneq::app {

void add_check(CLI::App& program) {
  auto o = std::make_shared<pipeline_file>();
  CLI::App* verb =
      program.add_subcommand("check", "find everything wrong with a pipeline without running it; no data is needed");
  o->add_to(*verb);
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = o->make(plugins);
    config::problems found;
    flow::check_writers_here(p, flow::usual_folder(p), found);
    flow::check_joins(p, found);
    found.raise();
    for (const std::string& line : flow::remark_lines(p)) put_message(line + "\n");
    print_out("{}: {} nodes{}, no problems\n", o->file, p.nodes.size(),
              p.trains() ? fmt::format(", T = {}", p.process.steps()) : "");
  });
}

}

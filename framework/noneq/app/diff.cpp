// noneq diff A B
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/config/differences.hpp"
#include "noneq/config/extends.hpp"
#include "noneq/flow/kept_shards.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::app {
namespace {

// Returns the pipeline of a YAML file, or of a run's folder, with every default. A number of shards that a file leaves
// to the machine is that of `other`, where that is a run.
config::value resolved(const std::filesystem::path& of, const std::filesystem::path& other, registry& plugins) {
  const bool folder = std::filesystem::is_directory(of);
  if (folder && !std::filesystem::exists(of / "pipeline.yaml"))
    throw flow::refused(of, "is not the folder of a run; it has no pipeline.yaml");
  const flow::plan p = flow::make_plan(config::parse_pipeline(folder ? of / "pipeline.yaml" : of), plugins);
  return flow::with_kept_shards(p, other).resolved();
}

}

void add_diff(CLI::App& program) {
  struct options {
    std::string a, b;
    bool quiet = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand(
      "diff", "how two pipelines differ, defaults included, one line a value; the exit code is 1 when they do");
  verb->add_option("A", o->a, "a pipeline, or the folder of a run")->required()->check(not_empty());
  verb->add_option("B", o->b, "another")->required()->check(not_empty());
  verb->add_flag("--quiet", o->quiet, "print nothing; the exit code is the answer");
  verb->callback([o] {
    registry plugins = installed_plugins();
    const auto found = as_input([&] {
      const config::value was = resolved(o->a, o->b, plugins), is = resolved(o->b, o->a, plugins);
      return config::differences(was, is);
    });
    if (!o->quiet)
      for (const config::difference& d : found) print_out("{}\n", config::to_text(d));
    if (!found.empty()) throw CLI::RuntimeError(exit_code::failed);
  });
}

}

// noneq continue RUN
#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/processing.hpp"
#include "noneq/app/refuse.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::app {
namespace {

struct continue_options {
  std::string folder, out, name, trace;
  std::vector<std::string> changes;
  std::optional<std::int64_t> seed;
  processing_options processing;
  bool resume = false, force = false;
};

// Returns the plan of the new run: the other's pipeline, changed. Prints what changed.
flow::plan changed_plan(continue_options& o, registry& plugins) {
  return as_input([&] {
    config::value document = flow::run_folder::read(o.folder, plugins).pipeline;
    std::vector<std::string> changes;
    if (!o.name.empty()) changes.push_back("name=" + o.name);
    if (o.seed) changes.push_back("seed=" + std::to_string(*o.seed));
    changes.insert(changes.end(), o.changes.begin(), o.changes.end());
    const config::value before = document;
    const std::string changed = change_values(document, changes);
    flow::plan p = flow::make_plan(document, plugins);
    if (!p.trains()) throw error("got a run without a trainer, need one that trained", "", {o.folder, 0, 0});
    if (const config::value* name = before.find("name"); o.out.empty() && name && name->text() == p.name)
      throw error("need --name NAME or --out FOLDER for the new run");
    std::error_code none;
    const auto folder = o.out.empty() ? flow::usual_folder(p) : std::filesystem::path(o.out);
    if (std::filesystem::equivalent(folder, o.folder, none))
      throw error("got the folder of the run that is continued, need --out another folder", "",
                  {folder.string(), 0, 0});
    o.processing.run.folder = folder;
    if (!o.processing.run.quiet && flow::first_of_job()) put_message(changed);
    return p;
  });
}

}

void add_continue(CLI::App& program) {
  auto o = std::make_shared<continue_options>();
  CLI::App* verb = program.add_subcommand(
      "continue", "train a new run that begins with the weights of another: its pipeline, with what you change");
  verb->add_option("RUN", o->folder, "the folder of the run to begin with")->required()->check(not_empty());
  verb->add_option("--set", o->changes, "change a value: --set graph.trainer.rate=1e-4")->allow_extra_args(false);
  verb->add_option("--seed", o->seed, "change the seed")->check(a_seed());
  verb->add_option("--name", o->name, "name of the new run")->check(not_empty());
  verb->add_option("--out", o->out, "its folder (default: runs/<name>)")->check(not_empty());
  auto* resume = verb->add_flag("--resume", o->resume, "go on from the new run's last checkpoint, if there is one");
  verb->add_flag("--force", o->force, "replace a run that the folder already holds")->excludes(resume);
  verb->add_option("--trace", o->trace,
                   "write a trace of every call of a node to this file, for https://ui.perfetto.dev");
  add_threads(*verb, o->processing.run.threads);
  verb->add_flag("--quiet", o->processing.run.quiet, "print errors only");
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = changed_plan(*o, plugins);
    flow::run_options& r = o->processing.run;
    r.from = o->folder;
    r.trace = o->trace;
    r.policy = o->force ? flow::if_there::replace : o->resume ? flow::if_there::resume : flow::if_there::refuse;
    run_processing(p, o->processing);
  });
}

}

// noneq run FILE
#include "noneq/flow/run.hpp"

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/processing.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {

void add_run(CLI::App& program) {
  struct options {
    pipeline_file pipeline;
    std::string out, from, trace;
    processing_options processing;
    bool resume = false, force = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("run", "train, measure and sample as the pipeline says");
  o->pipeline.add_to(*verb);
  verb->add_option("--out", o->out, "folder of the run (default: runs/<name>)")->check(not_empty());
  auto* resume = verb->add_flag("--resume", o->resume, "go on from the last checkpoint, if there is one");
  verb->add_flag("--force", o->force, "replace a run that the folder already holds")->excludes(resume);
  verb->add_option("--from", o->from,
                   "begin with the weights, averages and normalisation of the run in this folder, which had the same "
                   "process and model")
      ->excludes(resume);
  verb->add_option("--trace", o->trace,
                   "write a trace of every call of a node to this file, for https://ui.perfetto.dev");
  o->processing.add_to(*verb);
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = o->pipeline.make(plugins);
    flow::run_options& r = o->processing.run;
    r.folder = o->out.empty() ? flow::usual_folder(p) : std::filesystem::path(o->out);
    r.from = o->from;
    r.trace = o->trace;
    r.policy = o->force ? flow::if_there::replace : o->resume ? flow::if_there::resume : flow::if_there::refuse;
    run_processing(p, o->processing);
  });
}

}

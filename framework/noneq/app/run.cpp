// noneq run FILE
#include "noneq/flow/run.hpp"

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/processing.hpp"
#include "noneq/app/report/run_page.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/flow/job_ranks.hpp"
#include "noneq/flow/manifest.hpp"

namespace noneq::app {

// Writes the page about a finished run. The run has ended well without it, so an error is only a note. Of a pipeline
// that is processed in parts, the part that is last writes it; a finished one does not change any more.
static void report_run(const flow::run_options& r, registry& plugins) {
  try {
    const auto units = flow::read_manifest(r.folder);
    if (units && (!units->finished || std::filesystem::exists(flow::run_folder(r.folder).report()))) return;
    const auto page = write_report(r.folder, plugins);
    if (!r.quiet) put_message("report: wrote " + page.string() + "\n");
  } catch (const std::exception& e) {
    put_message("noneq: the run is finished, but has no report: " + first_line(e.what()) + "\n");
  }
}

// Every process of a job reads the pipeline; the first reports what is wrong with it.
static flow::plan plan_of_job(const pipeline_file& file, registry& plugins) {
  try {
    return file.make(plugins);
  } catch (const input_error&) {
    flow::wait_for_first();
    throw;
  }
}

void add_run(CLI::App& program) {
  struct options {
    pipeline_file pipeline;
    std::string out, from, trace;
    processing_options processing;
    bool resume = false, force = false, no_report = false, tensorboard = false;
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
  verb->add_flag("--no-report", o->no_report, "write no report.html about the run into its folder");
  verb->add_flag(
      "--tensorboard", o->tensorboard,
      "also write events for TensorBoard into the folder, as they happen; a resumed run that has some goes on "
      "with them");
  o->processing.add_to(*verb);
  verb->callback([o] {
    registry plugins = installed_plugins();
    o->pipeline.quiet = o->processing.run.quiet || !flow::first_of_job();
    const flow::plan p = plan_of_job(o->pipeline, plugins);
    flow::run_options& r = o->processing.run;
    r.folder = o->out.empty() ? flow::usual_folder(p) : std::filesystem::path(o->out);
    r.from = o->from;
    r.trace = o->trace;
    r.tensorboard = o->tensorboard;
    r.policy = o->force ? flow::if_there::replace : o->resume ? flow::if_there::resume : flow::if_there::refuse;
    if (run_processing(p, o->processing) && !o->no_report && !o->processing.dry) report_run(r, plugins);
  });
}

}

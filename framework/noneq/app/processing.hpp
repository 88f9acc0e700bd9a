// Shared by the verbs that run a pipeline without a trainer.
#pragma once

#include <CLI/CLI.hpp>

#include "noneq/flow/run.hpp"

namespace noneq::app {

struct processing_options {
  flow::run_options run;
  std::string part;
  bool dry = false;

  // Adds --part, --dry-run, --threads and --quiet.
  void add_to(CLI::App& verb);
};

// Runs the pipeline, or, with `dry`, prints what it would cost. Other processes of this job take part, unless the
// pipeline is processed in units; then each does the part that the options state, or else the scheduler. Returns
// whether this process is the first of them. A stop is reported with the way to go on. Throws as flow::run() does.
bool run_processing(const flow::plan& p, const processing_options& o);

}

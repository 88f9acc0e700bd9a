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

// Runs the pipeline, or, with `dry`, prints what it would cost. Adds the part that the scheduler states, and the words
// of the command line, to the options. A stop is reported with the way to go on. Throws as flow::run() does.
void run_processing(const flow::plan& p, processing_options& o);

}

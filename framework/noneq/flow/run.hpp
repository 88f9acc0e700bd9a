// A whole run: trains, measures and samples on the way, saves and finishes; or, without a trainer, makes one pass.
#pragma once

#include "noneq/core/ranks.hpp"
#include "noneq/flow/job_part.hpp"
#include "noneq/flow/progress.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::flow {

struct run_options {
  std::filesystem::path folder;
  if_there policy = if_there::refuse;
  int threads = 0;  // 0: all of the machine
  bool quiet = false;
  std::filesystem::path from = {};      // a run whose weights a new one begins with; empty: none
  std::filesystem::path trace = {};     // file for a trace of all calls; empty: none
  bool tensorboard = false;             // also write events for TensorBoard; a run that has some goes on with them
  const ranks* together = nullptr;      // that train with this one; null: none
  job_part part = {};                   // of a processing pipeline
  std::function<void()> prepared = {};  // called when the folder holds this run, which --resume then goes on with
  std::string command = {};  // the words that started the program, for the files it writes; empty: not stated
};

inline const ranks& ranks_of(const run_options& o) { return o.together != nullptr ? *o.together : alone(); }

// A pipeline whose sinks all work in units is processed (processing.hpp). Throws input_error before anything is
// written, error when the run failed, interrupted when a stop was requested and a checkpoint is saved.
void run(const plan& p, const run_options& options);

}

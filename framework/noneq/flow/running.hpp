// A run at work, after everything that can be refused was refused and its folder was prepared.
#pragma once

#include "noneq/flow/begun_run.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/flow/run.hpp"
#include "noneq/flow/workers.hpp"

namespace noneq::flow {

// Trains, records, saves, and runs the streams beside the training, until the run is finished. `alone` is the lock of
// the folder, which the first rank holds; null on all others. The observers `others` see all calls beside those of the
// run itself. Collective. Throws error, with the checkpoint to go on from, when the run failed, and interrupted when a
// stop was requested and a checkpoint is saved.
void run_begun(const plan& p, const run_options& options, begun_run& begun, workers& pool, progress& say,
               const folder_lock* alone, const std::vector<observer*>& others);

}

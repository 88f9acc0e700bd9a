#pragma once

#include "noneq/flow/begun_run.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/flow/run.hpp"

namespace noneq::flow {

// Every rank of a job reads the pipeline, the checkpoint and the data by itself. Throws input_error on all ranks, which
// names the rank and the first thing that differs, where they found others: the version, the processor, the folder of
// the run, the pipeline, or the step, weights, data and execution of begun. Returns at once where there is one process.
// Collective: every rank calls it.
void need_equal_beginnings(const plan& p, const begun_run& begun, const run_options& options);

}

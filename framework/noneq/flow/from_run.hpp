// A run that begins with the result of another: its weights, averages, schedule and normalisation, with a new trainer.
// Pure.
#pragma once

#include "noneq/flow/plan.hpp"
#include "noneq/storage/checkpoint.hpp"

namespace noneq::flow {

struct beginning {
  storage::checkpoint start;  // of step 0, without an optimizer
  std::int64_t steps = 0;     // steps of the other run
};

// Returns the checkpoint from before the loss left its range, where the run at `folder` has one, else its last. Throws
// input_error when there is none, when it is damaged, or when the other run's process, noiser or model is not that of
// `p`.
beginning begin_from_run(const std::filesystem::path& folder, const plan& p);

}

// The number of shards of a run that goes on: sums of gradients are rounded by it, so that a run keeps the number with
// which it began, on any machine.
#pragma once

#include <filesystem>

#include "noneq/core/ranks.hpp"
#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Returns the plan with the number of shards that the run in the folder states, where the plan's own follows the
// machine; an equal plan where there is no such run. What is wrong with the files of the run is left for others.
plan with_kept_shards(const plan& p, const std::filesystem::path& folder);

// Gives the trainer on every rank the number of the first; where the pipeline leaves it to the program, that many for
// each rank, at most the batch. Collective. Throws input_error when the ranks do not divide it.
void share_shards(const plan& p, const ranks& r);

}

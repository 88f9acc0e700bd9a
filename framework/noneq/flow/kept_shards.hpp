// The number of shards of a run that goes on: sums of gradients are rounded by it, so that a run keeps the number with
// which it began, on any machine.
#pragma once

#include <filesystem>

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Returns the plan with the number of shards that the run in the folder states, where the plan's own follows the
// machine; an equal plan where there is no such run. What is wrong with the files of the run is left for others.
plan with_kept_shards(const plan& p, const std::filesystem::path& folder);

}

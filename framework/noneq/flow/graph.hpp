// The training chain as a oneTBB flow graph. Loader and noiser run ahead of the model by `prefetch` batches, bounded by
// tokens; a gate lets the model see step k+1 only after step k is finished, so running ahead never changes a result.
#pragma once

#include "noneq/flow/learner.hpp"
#include "noneq/flow/workers.hpp"

namespace noneq {

// Trains until `last` steps are finished or `finished(loss)` returns false (asked after every step, while the chain
// rests). Rethrows what any node threw, with the node's name and line.
void train(session& s, learner& l, workers& pool, std::int64_t last, const std::function<bool(double loss)>& finished);

}

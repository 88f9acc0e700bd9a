// The training stream: sources, transforms and noiser run ahead of the model by `prefetch` batches; the nodes behind
// the gate run with gradients inside the trainer, one task a shard, and receive step k+1 only after step k is finished,
// so running ahead never changes a result.
#pragma once

#include "noneq/flow/learner.hpp"

namespace noneq::flow {

// Called with the inputs of a sink that hangs on the training, at each step that its `every` divides, after the step
// and before `finished`.
using tee_listener = std::function<void(const plan_node& sink, std::int64_t step, const batch& b)>;

// Returns the share of each batch that this rank reads and draws noise for. It is all of the batch where sinks beside
// the training or a noiser's state need all of it, or where none of this rank's shards has a row.
batch_share own_share(const session& s, const learner& l);

// Trains until `last` steps are finished or `finished(loss)` returns false, which is called after every step while no
// other step is at work. Rethrows any exception of a node, with the node's name and line.
void train(session& s, learner& l, workers& pool, observer& o, std::int64_t last,
           const std::function<bool(double loss)>& finished, const tee_listener& tee);

}

// A stream whose batches are divided over the processes of a job: each maps some of them, and the first adds all
// results, in the order that one process would have.
#pragma once

#include "noneq/core/ranks.hpp"
#include "noneq/flow/engine.hpp"

namespace noneq::flow {

// Runs the stream as run_stream() does, whose sinks are neither cut nor gated and have `pack` and `unpack`; `completed`
// is not called. Sinks add on the first rank only. The batches that are held at once are the sum of the tokens of the
// ranks, which divide them in proportion. Collective.
// Throws on all ranks where one of them fails or is stopped, as together() does.
void run_divided(workers& pool, const stream_graph& s, const ranks& r);
}

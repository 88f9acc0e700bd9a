#pragma once

#include "noneq/core/ranks.hpp"
#include "noneq/flow/session.hpp"

namespace noneq::flow {

// A name, such as "the folder of the run", and a value that must be equal on all ranks.
using found_values = std::vector<std::pair<std::string, std::string>>;

// Every rank of a job reads the pipeline, the checkpoint and the data by itself. Throws input_error on all ranks, which
// names the rank and the first thing that differs, where they found others: the version, the processor, the pipeline,
// the weights and the execution of a model, or one of `more`. Returns at once where there is one process. Collective:
// every rank calls it.
void need_equal_beginnings(const ranks& r, session& s, const found_values& more);

}

// Checks before the training that writers can write its results.
#pragma once

#include "noneq/flow/session.hpp"

namespace noneq::flow {

// Returns the tensors that a writer of the plan will receive; `info` is that of the data, nullptr while no data is at
// hand.
writer_input input_of(const plan& p, const plan_node& writer, const dataset_info* info);

// Without data: checks that each writer can write its input.
void check_writer_inputs(const plan& p, config::problems& found);

// Without data: checks that this machine has what the writers need, and that no writer of a run in this folder would
// replace a file that the plan reads.
void check_writers_here(const plan& p, const std::filesystem::path& folder, config::problems& found);

// Makes all checks above with the data, and opens every writer once, in a folder of its own that is removed. Throws
// input_error with every problem; leaves the run's folder as it was.
void rehearse_writers(session& s, const std::filesystem::path& folder);

// Opens a writer, in a sub-folder that is made when there is none. Throws noneq::error when either is impossible.
std::unique_ptr<sinking> open_writer(const plan_node& n, const writing& w);

}

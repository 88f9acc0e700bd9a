// Finds what writers cannot do before the training that they were to show.
#pragma once

#include "noneq/flow/session.hpp"

namespace noneq {

// Returns what a writer of the plan will be given; `info` is that of the data, nullptr while no data is at hand.
writer_input input_of(const plan& p, const plan_node& writer, const dataset_info* info);

// Without data: what each writer is given is what it can write.
void check_writer_inputs(const plan& p, problems& found);

// Without data: this machine has what the writers need, and no writer would take the place of a file that the plan
// reads, in a run in this folder.
void check_writers_here(const plan& p, const std::filesystem::path& folder, problems& found);

// All of the above with the data that is now known, and every writer is opened once, in a folder of its own that
// disappears. Throws input_error with every problem; leaves the run's folder as it was.
void rehearse_writers(session& s, const std::filesystem::path& folder);

// Opens a writer, in a sub-folder that is made when there is none. Throws noneq::error when either is impossible.
std::unique_ptr<sinking> open_writer(const plan_node& n, const writing& w);

}

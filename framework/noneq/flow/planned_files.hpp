// The files that the writers of a plan will write, and those they must not write: one another's, those of the run
// itself, and those that the plan reads. Files are compared by the place their names lead to, links followed.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Checks the names alone: they stay within the folder of the run, no two writers have one file, at the end or on the
// way, and none has a file of the run itself.
void check_file_names(const plan& p, config::problems& found);

// Checks the places on the disk for a run in this folder, which need not exist: no writer reaches another's file, a
// file of the run or one that the plan reads.
void check_file_places(const plan& p, const std::filesystem::path& folder, config::problems& found);

// Checks that no folder, device or missing permission stands where a writer will put its file. Changes nothing.
void check_files_can_be_made(const plan& p, const std::filesystem::path& folder, config::problems& found);

// Throws noneq::error when a file written to `out` would replace the run in `folder`, a part of it or a file of its
// writers.
void refuse_places_of_run(const std::filesystem::path& out, const std::filesystem::path& folder);

// Throws noneq::error in these cases, and when it would replace a file that the run's plan reads.
void refuse_files_of_run(const std::filesystem::path& out, const plan& p, const std::filesystem::path& folder);

// Throws noneq::error in the same cases for a run without a plan, which its data may be lacking for: a file that is
// there and that its pipeline.yaml names, or that of a run that it names, counts as one that it reads.
void refuse_files_named_by_run(const std::filesystem::path& out, const std::filesystem::path& folder);

}

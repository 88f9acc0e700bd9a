// Units of a processing pipeline joined into the files of its writers, and the state of a job: what `noneq merge`,
// `noneq status` and `noneq verify` do. Each call reads the folder anew, which processes may be changing. One thread.
#pragma once

#include <functional>

#include "noneq/flow/unit_folder.hpp"

namespace noneq::flow {

// Throws input_error when units of these writers are missing, by their rows.
void need_all_units(const manifest& m, const unit_folder& units, const std::filesystem::path& run,
                    const std::string& writer = "");

// Makes the writers' files in the folder of the run, lists them there, notes in the manifest that the job is finished
// and removes the units. Returns the files by writer. Requires all units and that no process makes any.
std::map<std::string, std::filesystem::path> finish_job(const std::filesystem::path& run, manifest m,
                                                        const storage::unit_progress& progress = {});

struct merge_options {
  std::filesystem::path out = {};  // empty: the files of the writers, in the folder of the run
  std::string writer = {};         // whose file; empty: the only one, or all where `out` is empty
  bool virtually = false;
};

// Returns the files that were made. Throws input_error when the folder holds no job or not all of its units.
std::vector<std::filesystem::path> merge(const std::filesystem::path& run, const merge_options& options,
                                         const storage::unit_progress& progress = {});

struct job_status {
  std::int64_t rows = 0, done = 0;
  bool finished = false;
  double rows_a_second = 0;  // of all processes that are at work
  struct part_status {
    std::string part, at_work;  // at_work: "process 12 on host", "" for none
    std::int64_t rows = 0, done = 0;
    double rows_a_second = 0;
  };
  std::vector<part_status> parts;
};

// Throws input_error when the folder holds no job.
job_status status_of(const std::filesystem::path& run);

// Returns a line for each unit that is not as it was written, in a joined file or in the folder of a run; `units`
// receives the number of those that were read.
std::vector<std::string> verify(const std::filesystem::path& place, std::int64_t& units,
                                const storage::unit_progress& progress = {});

}

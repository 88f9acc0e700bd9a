// The part of a job that a process does: part 2 of 16, as --part 2/16 or the scheduler that started it states. Parts
// count from 1. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace noneq::flow {

struct job_part {
  std::int64_t index = 1, of = 1;
  std::string source = {};  // "--part", or the name of the variable; empty: nobody stated one

  bool whole() const { return of == 1; }
  std::string text() const { return std::to_string(index) + "/" + std::to_string(of); }
};

// Reads "2/16". Throws noneq::error for another text, and for parts that there cannot be, such as 0/16 and 17/16.
job_part read_part(const std::string& text);

// Returns this process among those that were started together, if the environment states some. `variable` returns the
// value of a variable, null for none. They are counted by OMPI_COMM_WORLD_RANK and _SIZE, PMI_RANK and _SIZE, or
// SLURM_PROCID and SLURM_NTASKS, the first of these that counts several; a batch script of Slurm, which has the last
// two although srun did not start it, is not counted by them. Throws noneq::error for values without meaning.
std::optional<job_part> process_of_environment(const std::function<const char*(const char*)>& variable);

// Returns the part that the environment states, if any: of the processes that were started together, and of a job
// array, whose tasks are counted by SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT. Where an array has jobs of several
// processes, both count. Throws noneq::error for values without meaning.
std::optional<job_part> part_of_environment(const std::function<const char*(const char*)>& variable);

}

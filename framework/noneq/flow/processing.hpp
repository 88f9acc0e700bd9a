// The run of a pipeline that trains nothing and whose sinks all write in units. A unit is whole or missing: the units
// that are there stay, so the command that was interrupted goes on when it is given again, also as another process, on
// another machine, beside others that do other parts. See unit_folder.hpp for the place of the units, manifest.hpp for
// the check that they belong together, merging.hpp for their end.
#pragma once

#include "noneq/flow/run.hpp"

namespace noneq::flow {

// Makes the units of a part that are missing. A process that does the whole job joins them into the writers' files at
// the end; a finished job is left as it is. Throws as run() does.
void run_in_units(const plan& p, const run_options& options);

// The cost of a processing pipeline, measured on its first unit, of which nothing stays.
struct estimate {
  struct output {
    std::filesystem::path file;
    std::string dataset;
    sizes shape;
    std::string numbers;
    double bytes = 0;  // on the disk
  };
  std::vector<output> outputs;
  double bytes = 0, free_bytes = 0;  // of all outputs, and on the disk of the run's folder
  std::int64_t rows = 0, unit_rows = 0;
  double rows_a_second = 0, seconds = 0;  // of this process, for its part of the rows
};

// Throws input_error for everything that a run would refuse.
estimate measured_estimate(const plan& p, const run_options& options);

}

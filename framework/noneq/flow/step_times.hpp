// The times of the steps of a run that has ended, or of one that is at work. Files of a run have no time for each step;
// between the lines of its history, which state step and time, steps are taken to be equally fast.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace noneq::flow {

class step_times {
 public:
  // Reads history.jsonl of the folder. `last`: the step of the last record, which a run that is at work, or was killed,
  // wrote after the last line of its history.
  step_times(const std::filesystem::path& run, std::int64_t last);

  // Returns seconds since 1970.
  double of(std::int64_t step) const;

 private:
  struct known {
    std::int64_t step;
    double time;
  };
  std::vector<known> all_;  // in the order of their times
};

}

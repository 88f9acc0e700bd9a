// The arrays of metrics, kept in metrics.h5 of a run's folder so that a report can be made of any run, also of one that
// crashed: the dataset "<node>/<step>/<array>". The file is whole at any time. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "noneq/plugin/batch.hpp"

namespace noneq {

class kept_arrays {
 public:
  // Drops arrays of steps after `step`: they belong to work that a crash undid.
  kept_arrays(std::filesystem::path file, std::int64_t step);

  // Replaces the arrays of this node at this step. Arrays without numbers, or above 1 MiB, are not kept. Throws
  // noneq::error when the file cannot be written.
  void add(std::int64_t step, const std::string& node, const batch& arrays);

 private:
  const std::filesystem::path file_;
  std::map<std::string, Tensor> all_;  // by dataset
};

}

// The arrays of metrics, kept in metrics.h5 of a run's folder so that a report can be made of any run, also of one that
// crashed: the dataset "<node>/<step>/<array>". The file is whole at any time, because each event writes it anew. The
// arrays of the oldest steps are dropped when all of them are more than `most` bytes, or of more than `most_steps`
// steps, so that neither the file, nor the memory, nor the time of an event grows with the length of the run. One
// thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "noneq/flow/curves.hpp"
#include "noneq/plugin/batch.hpp"

namespace noneq::flow {

// Returns the arrays that a run kept, by node and step. Throws noneq::error when the file is damaged.
std::map<std::string, std::map<std::int64_t, event_arrays>> read_kept_arrays(const std::filesystem::path& file);

class kept_arrays {
 public:
  // Drops arrays of steps after `step`: they belong to work that a crash undid.
  kept_arrays(std::filesystem::path file, std::int64_t step, std::size_t most = std::size_t{32} << 20,
              std::size_t most_steps = 64);

  // Replaces the arrays of this node at this step. Arrays without numbers, or above 1 MiB, are not kept. Throws
  // noneq::error when the file cannot be written.
  void add(std::int64_t step, const std::string& node, const batch& arrays);

 private:
  void drop_oldest(std::int64_t now);

  const std::filesystem::path file_;
  const std::size_t most_, most_steps_;
  std::map<std::string, Tensor> all_;  // by dataset
};

}

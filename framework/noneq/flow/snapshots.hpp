// Snapshots of the power-function averages of a training, one file a snapshot in the folder of a run: averages/<step>.
// safetensors with the tensors "<average>.<parameter>". They lie a power of two of steps apart, the smallest by which
// at most so many fit; as training goes on, those in between are removed. So their steps are a function of the step
// that training has reached, whatever the interruptions. Used by one thread.
#pragma once

#include <filesystem>
#include <map>

#include "noneq/core/tensor.hpp"

namespace noneq::flow {

using named_tensors = std::map<std::string, Tensor>;

class snapshots {
 public:
  // `run`: the folder of the run.
  explicit snapshots(const std::filesystem::path& run) : folder_(run / "averages") {}

  // Returns whether a snapshot belongs to this step when at most `most` are kept.
  static bool due(std::int64_t step, std::int64_t most);
  // Writes the snapshot of a step that is due, whole or not at all, and removes those that it makes one too many.
  // Throws noneq::error when it cannot be written.
  void add(std::int64_t step, std::int64_t most, const named_tensors& averages) const;
  // Returns the steps of the snapshots that are there, in their order.
  std::vector<std::int64_t> steps() const;
  // Throws noneq::error for a damaged file.
  named_tensors load(std::int64_t step) const;
  // Removes all snapshots, and the folder when nothing else is in it.
  void remove() const;

 private:
  std::filesystem::path file(std::int64_t step) const;

  const std::filesystem::path folder_;
};

}

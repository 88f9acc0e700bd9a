// Averages of the weights of a run that were not kept during the training, made from the snapshots of those that were.
// Pure but for reading files.
#pragma once

#include <filesystem>

#include "noneq/flow/power_profiles.hpp"
#include "noneq/flow/session.hpp"
#include "noneq/flow/snapshots.hpp"

namespace noneq::flow {

class kept_averages {
 public:
  // The averages of the run in this folder up to `step`, a step of which there is a snapshot; 0: that of its
  // checkpoint. Throws noneq::error when the run has kept no averages, or none at this step.
  kept_averages(std::filesystem::path run, const trainer& t, storage::checkpoint saved, std::int64_t step);

  std::int64_t step() const { return step_; }
  // Returns how well an average of this relative width is a sum of those that were kept: the relative error of its
  // profile.
  double distance(double width) const { return fit(width).error; }
  // Returns the weights, by the names of the parameters.
  named_tensors of_width(double width) const;

 private:
  profile_fit fit(double width) const;

  const snapshots files_;
  const std::vector<double> widths_;
  const storage::checkpoint saved_;
  std::int64_t step_;
  std::vector<std::int64_t> steps_;  // of the snapshots up to it; the checkpoint's own is in no file
};

// Returns the checkpoint of a run with these weights in place of its own and of its averages, from which nobody trains.
storage::checkpoint averaged_checkpoint(storage::checkpoint saved, const named_tensors& weights, std::int64_t step,
                                        const nlohmann::json& origin);

}

// The state of a run before its folder is touched: new, resumed from its checkpoint, or begun with the weights of
// another run.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/flow/learner.hpp"
#include "noneq/flow/loss_range.hpp"
#include "noneq/flow/run.hpp"

namespace noneq::flow {

// The mean of the losses since the last record, with its standard error over steps. A checkpoint stores it.
class loss_average {
 public:
  loss_average() = default;
  explicit loss_average(const nlohmann::json& saved) : sum_(saved.at(0)), squares_(saved.at(1)), n_(saved.at(2)) {}
  nlohmann::json saved() const { return {sum_, squares_, n_}; }

  void add(double x) { sum_ += x, squares_ += x * x, ++n_; }
  measured mean(const char* unit) const {
    const double mean = sum_ / n_,
                 spread = std::sqrt(std::max(0.0, squares_ / n_ - mean * mean) / std::max(1.0, n_ - 1));
    return {"loss", mean, unit, spread};
  }

 private:
  double sum_ = 0, squares_ = 0, n_ = 0;
};

struct begun_run {
  std::optional<session> opened;
  std::optional<learner> trains;  // none for a plan without a trainer
  loss_average average;
  loss_range range;
  bool saved_in_range = false;  // whether the loss was in its range when the last checkpoint was saved
  nlohmann::json from;          // the run that it began with; null: none
  // The contents that the training's loaders beside the first have, by node, where they are known.
  std::map<std::string, std::string> joined_data;
  std::vector<std::string> computed;  // the ways in which steps were until now, as by how_computed(), each once
  std::string damage;                 // of the last checkpoint, when the run goes on from an earlier one
  bool none_to_resume = false;        // there is no checkpoint, though the run is to go on from one
  std::int64_t last_record = 0;       // the last step with a record when the last checkpoint was saved; 0: none
  bool event_due = false;             // the samplers and metrics of this step were interrupted
};

// Opens the data and the model. Throws input_error with every problem of these and of the folder.
void begin(begun_run& r, const plan& p, const run_options& options);

}

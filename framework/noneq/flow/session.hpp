// An opened pipeline: the plan, its data, its network with raw and averaged weights, and how far training has come.
// This is what a checkpoint saves and restores. One thread changes it; const use is thread-safe.
#pragma once

#include "noneq/flow/flat_parameters.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/storage/checkpoint.hpp"

namespace noneq {

class session {
 public:
  // A new model for the plan: opens the data, builds the network with weights drawn from the seed.
  explicit session(noneq::plan p);
  // The model of a checkpoint. The data is opened when source() is first asked for.
  session(noneq::plan p, const checkpoint& saved);

  const noneq::plan& plan() const { return plan_; }
  noneq::source& data();
  source* data_if_there();  // null when it cannot be opened, or is not what the model was trained on
  void read_data_from(const std::filesystem::path& file);  // instead of the file the pipeline names

  const sizes& shape() const { return info_.shape; }
  const dataset_info& info() const { return info_; }  // without truth until data() was called

  // Raw weights, or "ema": the average of the first rate; raw when nothing is averaged.
  noneq::denoiser denoiser(const std::string& weights) const;
  noneq::network& network() const { return weights_->network(); }
  // CRC-32 of these weights, the learned schedule's and the normalisation: eight hexadecimal digits.
  std::string fingerprint(const std::string& weights) const;
  // What training changes of the network, and of the schedule: those that make the loss small, or those that make its
  // variance small.
  const flat_parameters& weights() const { return *weights_; }
  std::vector<Tensor> schedule_parameters(bool by_variance) const;

  std::int64_t step() const { return step_; }
  bool finished() const { return finished_; }
  void finish() { finished_ = true; }
  // After the weights changed: counts the step and moves the averages.
  void stepped();

  // All of it, and what others add to it (the optimizer) before it is saved or after it is loaded.
  checkpoint snapshot();
  noneq::stream stream() const { return noneq::stream(static_cast<std::uint64_t>(plan_.seed)); }

 private:
  void take_info(const dataset_info& info);
  void build();
  void check_metrics() const;
  void check_label_dropout() const;
  void check_time() const;
  void visit_state(const state_visitor& visit);

  noneq::plan plan_;
  std::shared_ptr<source> source_;
  dataset_info info_;
  std::string begun_in_ = std::filesystem::current_path().string();  // where relative names of files start
  std::optional<flat_parameters> weights_;
  std::vector<flat_parameters> averages_;
  std::int64_t step_ = 0;
  bool finished_ = false;
};

// Replaces what `visit` shows from tensors saved under "prefix.name"; throws noneq::error naming what is missing,
// or of another shape.
state_visitor restore_from(const checkpoint& saved, const std::string& prefix);
state_visitor save_to(checkpoint& target, const std::string& prefix);

}

// An opened pipeline: its data, its network with raw and averaged weights, the training step reached, and the state of
// every plugin. A checkpoint saves and restores this and nothing else. Two sessions of one plan share nothing. One
// thread changes it; const use is thread-safe.
#pragma once

#include "noneq/flow/branch.hpp"
#include "noneq/flow/flat_parameters.hpp"
#include "noneq/flow/opened_data.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/storage/checkpoint.hpp"

namespace noneq::flow {

class session {
 public:
  using models = std::map<std::string, std::shared_ptr<session>>;  // of finished runs, by their folders
  // Opens the data and builds a network with weights drawn from the seed; without a trainer, opens the data alone.
  // `known`: models that are shared with other sessions, of which none may change them any more.
  explicit session(const noneq::flow::plan& p, models known = {});
  // Opens the model of a checkpoint. Its data is opened when data() is first called.
  session(const noneq::flow::plan& p, const storage::checkpoint& saved);
  session(session&&) = delete;

  const noneq::flow::plan& plan() const { return plan_; }
  // Returns the rows that the model is trained on, as the noiser receives them.
  noneq::source& data();
  source* data_if_there();  // returns null when it cannot be opened, or is not the data of the training
  void read_data_from(const std::filesystem::path& file);  // instead of the file the pipeline names

  // Opens the data of all streams beside the training, whose transforms learn from it, and checks that the samplers in
  // them can draw from its rows. Throws input_error with every problem.
  void open_streams();

  const sizes& shape() const { return info_.shape; }
  const dataset_info& info() const { return info_; }  // without truth until data() was called

  // Batches at the nodes of the graph, in training and beside it; see opened_data.
  opened_data& nodes() { return data_; }
  const opened_data& nodes() const { return data_; }
  // x⁰ of rows that are not trained on, with t, noise and x^t of their own.
  batch noised_rows(const plan_node& noiser, batch b) const;
  // Returns the session whose model a node takes: this one, or that of a finished run, which the first call opens.
  session& model_of(const plan_node& n);

  // Returns the transforms of the training's data that change the shape of a tensor, in their order.
  std::vector<std::string> reshaping() const;
  // Returns the names of the tensors that the model reads as conditions.
  std::vector<std::string> conditions() const;
  // Returns the model with raw weights, or, for "ema", the average of the first rate; raw when nothing is averaged.
  noneq::denoiser denoiser(const std::string& weights) const;
  noneq::network& network() const { return weights_->network(); }
  // Returns the CRC-32 of these weights, the learned schedule's and the normalisation as eight hexadecimal digits.
  std::string fingerprint(const std::string& weights) const;
  // Return what training changes: the network's weights, and the tensors of the schedule that minimise the loss, or its
  // variance.
  const flat_parameters& weights() const { return *weights_; }
  std::vector<Tensor> schedule_parameters(bool by_variance) const;
  // Returns the averages of the weights, each as vectors like those of weights().
  std::vector<std::vector<Tensor>> averages() const;
  // From now on stepped() moves these parts of the averages only, by vector: those that other ranks do not move.
  void average_only(std::vector<number_range> parts) { averaged_parts_ = std::move(parts); }

  std::int64_t step() const { return step_; }
  bool finished() const { return finished_; }
  void finish() { finished_ = true; }
  // Counts the step and moves the averages, after the weights changed.
  void stepped();

  // Returns the power-function averages that the trainer keeps, as "<average>.<parameter>".
  std::map<std::string, Tensor> power_averages() const;
  // Puts these weights, by the names of the parameters, in place of the trained ones and of their averages.
  void put_weights(const std::map<std::string, Tensor>& by_name);

  // Returns the process by which training draws times and noise: with the tables that training began with, also where
  // its schedule has changed since then.
  const process& begun_process() const { return began_; }

  // Returns everything but the optimizer, which the caller adds before saving and after loading.
  storage::checkpoint snapshot();
  // Returns the state of every plugin but the transforms, which never change after the data was opened, and the buffers
  // of the network. put_back() restores them, as if no plugin had been called since.
  storage::checkpoint remembered();
  void put_back(const storage::checkpoint& before);
  // Puts back what the checks before training have changed.
  void undo_checks() { put_back(before_checks_); }
  noneq::stream stream() const { return noneq::stream(static_cast<std::uint64_t>(plan_.seed)); }

 private:
  const plan_node& training_data() const;  // the node whose inputs the model is trained on
  void take_info(const dataset_info& info);
  void build();
  bool ends_rows(const stream_nodes& s, const plan_node& n) const;
  void open_rows(const plan_node& n);
  void check_rows(const plan_node& sampler);
  void check_metrics();
  void check_label_dropout() const;
  void check_time() const;
  void check_missing() const;
  std::map<std::string, sizes> condition_shapes() const;
  void restore_state(const storage::checkpoint& saved);
  void put_buffers(const storage::checkpoint& saved);  // throws noneq::error where a size has changed
  void restore_process(const storage::checkpoint& saved);
  // Buffers that are other ones than those that the network was built with, by their names in the network.
  void each_changed_buffer(const std::function<void(const std::string&, Tensor&)>& use) const;
  void move(const std::vector<Tensor>& average, double rate) const;
  void copy_buffers();  // to the averages

  noneq::flow::plan plan_;
  process began_;
  opened_data data_;
  bool restored_ = false;                       // from a checkpoint
  bool opened_ = false;                         // the data that the model is trained on
  std::map<std::string, dataset_info> loaded_;  // the data of its loaders, as far as the transforms need it
  dataset_info info_;
  std::string begun_in_ = std::filesystem::current_path().string();  // where relative names of files start
  std::optional<flat_parameters> weights_;
  std::vector<flat_parameters> averages_;
  std::vector<std::vector<Tensor>> powers_;   // power-function averages, by width: vectors like those of the weights
  std::vector<number_range> averaged_parts_;  // by vector; empty: all of them
  std::vector<Tensor> built_buffers_;         // of the network, in its order
  std::set<std::string> begins_anew_;         // nodes beside the training whose state the checkpoint lacks
  storage::checkpoint before_checks_;
  models others_;
  std::int64_t step_ = 0;
  bool finished_ = false;
};

}

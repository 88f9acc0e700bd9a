// One training step as plain functions: the gradient of one shard, and the update from all gradients in a fixed order.
// Between them run the nodes that the engine fuses, those from the gate to the trainer, with gradients and as one task
// a shard. Independent of the graph that calls it.
#pragma once

#include "noneq/flow/divergence.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/pieced_optimizer.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {
class conditions;
struct network_input;
}

namespace noneq::flow {

struct shard_gradient {
  double loss = 0;                // this shard's part of the batch's mean loss
  std::vector<Tensor> gradients;  // of the batch's mean loss, in the order of what is trained; undefined where it
                                  // does not depend
  shard_losses samples;           // unweighted, for the time sampler
  std::vector<batch> behind;      // the batch behind each fused node, without gradients, where another node follows it
};

// Returns the share of its peak that the learning rate has in the step after `step` finished ones.
double rate_factor(const trainer& t, std::int64_t step);

class learner {
 public:
  explicit learner(session& s, const ranks& r = alone());
  learner(session& s, const storage::checkpoint& saved, const ranks& r = alone());  // with the optimizer's state

  // The fused nodes in their order, and for each whether a node beside the training follows it.
  struct fused_node {
    const plan_node* node;
    bool followed;
  };
  const std::vector<fused_node>& fused() const { return fused_; }

  // Return whether the noiser draws t at the gate, because its time sampler learns from the steps before, and whether
  // x^t is made in each shard, because it carries the gradient of a learned schedule.
  bool draws_at_gate() const { return draws_at_gate_; }
  bool noises_in_shard() const { return learns_schedule_; }
  // Returns whether noise can be drawn for some rows of a batch without the others.
  bool draws_rows_alone() const { return draws_rows_alone_; }
  // Begins a step on a batch of so many samples, before the gradients of its shards. Collective.
  void begin_step(std::int64_t batch_size);
  // Adds t, weight and noise to a batch of data, and x^t unless that is made in each shard.
  batch noised(batch b) const;

  // Returns the gradient of `rows`, a part of a batch of `batch_size` samples. May be called concurrently; each node's
  // call passes the observer.
  shard_gradient gradient(batch rows, std::int64_t batch_size, std::int64_t part, observer& o) const;
  // Returns the shards of a batch that this rank computes.
  shard_block own_shards() const;
  // Applies the sum of all shards, of which this rank's are read, and counts the step; returns the batch's loss. Throws
  // diverged, and keeps nothing, when the loss or its gradient is not finite. Collective.
  double update(std::vector<shard_gradient> shards);

  // Gives each rank's part of the averages of the weights to all. Collective; before anything reads them after a step.
  void share_averages() const;
  void save(storage::checkpoint& c);  // collective

 private:
  struct shard;  // the data of a shard on its way through the nodes
  void apply_noise(shard& at) const;
  void predict(shard& at) const;
  void lose(shard& at) const;
  shard_gradient differentiate(const shard& at, std::int64_t batch_size) const;
  // Returns x̂⁰ of a first pass without gradient for half of the samples, zeros for the others (Chen et al. 2023,
  // "Analog bits", algorithm 1, with the coin thrown for each sample).
  Tensor first_estimate(const Tensor& xt, const network_input& in, std::int64_t step) const;
  stream noise_stream(std::int64_t step) const;
  diverged not_finite(const std::string& what, const std::vector<shard_gradient>& shards) const;
  // Give the losses of each rank's shards, and what they are losses of, to all ranks.
  void share_losses(std::vector<shard_gradient>& shards) const;
  void share_samples(std::vector<shard_gradient>& shards) const;
  void need_equal_buffers() const;

  session& session_;
  const ranks& ranks_;
  const plan_node &noiser_, &model_, &loss_, &trainer_;
  const bool learns_schedule_, draws_at_gate_, draws_rows_alone_;
  std::vector<fused_node> fused_;
  // The leaves of the gradients, by the quantity that training minimises in them: the loss, or its variance.
  std::vector<Tensor> by_loss_, by_variance_;
  std::vector<Tensor> buffers_;                // of the network as training began, where there are several ranks
  std::optional<pieced_optimizer> optimizer_;  // of the network's vectors, then of the schedule's tensors
};

}

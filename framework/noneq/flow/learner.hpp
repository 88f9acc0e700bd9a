// One training step as plain functions: the gradient of one shard (called at once for all shards), and the update from
// all gradients in a fixed order. Knows nothing of the graph that calls it.
#pragma once

#include "noneq/flow/divergence.hpp"
#include "noneq/flow/pieced_optimizer.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

struct network_input;

struct shard_gradient {
  double loss = 0;                // this shard's part of the batch's mean loss
  std::vector<Tensor> gradients;  // of the batch's mean loss, in the order of what is trained; undefined where it
                                  // does not depend
  shard_losses samples;           // unweighted, as the time sampler wants them
};

class learner {
 public:
  explicit learner(session& s);
  learner(session& s, const checkpoint& saved);  // with the optimizer's state

  // Whether x^t must be made beside the model, because it carries the gradient of a learned schedule.
  bool noises_in_step() const { return learns_schedule_; }

  // rows: a part of a batch of `batch_size` samples. Thread-safe.
  shard_gradient gradient(batch rows, std::int64_t batch_size) const;
  // Applies the sum of the shards and counts the step; returns the batch's loss. Throws noneq::diverged, and keeps
  // nothing, when the loss or its gradient is not finite.
  double update(const std::vector<shard_gradient>& shards);

  void save(checkpoint& c);

 private:
  // For half of the samples x̂⁰ of a first pass without gradient, zeros for the others (Chen et al. 2023, "Analog bits",
  // algorithm 1, with the coin thrown for each sample).
  Tensor first_estimate(const network_input& in, std::int64_t step) const;
  double rate_factor() const;
  diverged not_finite(const std::string& what, const std::vector<shard_gradient>& shards) const;

  session& session_;
  const plan_node &noiser_, &model_, &loss_, &trainer_;
  const bool learns_schedule_;
  // The leaves of the gradients, by what these make small: the loss, or its variance.
  std::vector<Tensor> by_loss_, by_variance_;
  std::optional<pieced_optimizer> optimizer_;  // of the network's vectors, then of the schedule's tensors
};

// The noise of a step of the training chain.
stream noise_stream(const session& s, std::int64_t step);

}

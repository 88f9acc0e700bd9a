// A trainer turns gradients into new weights: it makes libtorch's optimizer and visits the state of it that must be
// saved. The framework clips gradients, sets the rate, averages weights and writes checkpoints.
//
// Shapes and units: weights and gradients are float tensors of any shape; vectors may be cut into parts.
// Threads: one thread at a time calls optimizer() and optimizer_state(); the optimizers of different parts may take
//   their steps concurrently.
// Requires: the optimizer treats every number by itself, and its next step depends on nothing but weights, gradient,
//   rate and visited state.
// Errors: noneq::error. Everything that is required is tried on a few numbers when a pipeline is checked.
#pragma once

#include <memory>

#include <torch/optim/optimizer.h>

#include "noneq/plugin/description.hpp"

namespace noneq {

// Returns libtorch's place for the state of a parameter, which holds nothing before the parameter's first step. The key
// of a parameter is its address, as a text before libtorch 2.
template <class Optimizer>
std::unique_ptr<torch::optim::OptimizerParamState>& state_of(Optimizer& optimizer, const Tensor& parameter) {
  auto& states = optimizer.state();
  using key = typename std::decay_t<decltype(states)>::key_type;
  if constexpr (std::is_pointer_v<key>)
    return states[parameter.unsafeGetTensorImpl()];
  else
    return states[c10::str(static_cast<const void*>(parameter.unsafeGetTensorImpl()))];
}

struct trainer : role<"trainer", node_kind::sink> {
  std::int64_t steps = 10000, warmup = 0, prefetch = 4, checkpoint = 1000, keep = 2, log = 100;
  shard_count shards;
  double rate = 1e-3, clip = 0, schedule_rate = 0;
  std::string decay = "none";
  std::vector<double> ema, averages;
  std::int64_t snapshots = 64;

  // Returns an optimizer for one part of the weights: one group that holds one tensor. A vector may be cut into parts
  // anywhere, so that a norm over several numbers would have another value in each part. The framework sets the rate
  // before every step.
  virtual std::unique_ptr<torch::optim::Optimizer> optimizer(
      std::vector<torch::optim::OptimizerParamGroup> groups) const = 0;
  // Visits the optimizer's state, to save it or to replace it. Before the first step it visits the state from which
  // that step starts. The contract:
  //   names   "<position>.<name>" with the position of the parameter among the optimizer's own, from 0, which the
  //           framework replaces by its own; <name> may hold further dots. Each call visits equal names, each once;
  //   shapes  [n] for state of the n numbers of a vector [n], in their order: it is cut and joined as they are. Any
  //           other shape for state that is equal in all parts, as a counter []. A parameter of another shape than [n]
  //           is never cut, and its state may have any;
  //   memory  no tensor shares memory with another that is visited or with the weights. The visitor writes into a
  //           visited tensor in place when the shapes are equal, and else puts another in its place; so a temporary
  //           must be read again after the visit.
  virtual void optimizer_state(torch::optim::Optimizer&, const state_visitor&) const = 0;

  template <class P>
  static void common(description<P>& d) {
    d.param("steps", &P::steps, "training steps", at_least(1))
        .param("rate", &P::rate, "learning rate at its peak", above(0), at_most(1e30))
        .param("schedule_rate", &P::schedule_rate, "learning rate of a learned schedule; 0: the same", at_least(0),
               at_most(1e30))
        .param("warmup", &P::warmup, "steps over which the rate rises from 0", at_least(0))
        .param("decay", &P::decay, "course of the rate after warm-up, down to 0 at the last step",
               one_of({"none", "linear", "cosine"}))
        .param("clip", &P::clip, "largest L2 norm of the gradient; 0: no limit", at_least(0))
        .param("ema", &P::ema, "rates of exponentially averaged weights; the first is what samplers use", inside(0, 1))
        .param(
            "averages", &P::averages,
            "relative widths of power-function averages, two of them, e.g. [0.05, 0.1], of which snapshots are kept: "
            "noneq average makes the average of any other width of them after the training; empty: none",
            inside(0, 0.28))
        .param("snapshots", &P::snapshots,
               "most snapshots that are kept, each of the size of the weights for each of the averages",
               between(4, 1024))
        .param("shards", &P::shards,
               "parts of a batch that run in parallel, whatever the number of threads: the memory for activations is "
               "that of the parts at work; auto: as many as there are CPUs to use when the run begins, at most the "
               "batch",
               at_least(1), at_most(most_shards))
        .param("prefetch", &P::prefetch, "batches made ahead of the model", at_least(1), at_most(1024))
        .param("checkpoint", &P::checkpoint, "steps between checkpoints; one is always written at the end", at_least(1))
        .param("keep", &P::keep,
               "checkpoints that are kept; a run whose last one was damaged goes on from the one before it",
               at_least(1), at_most(1e4))
        .param("log", &P::log, "steps between records of the loss", at_least(1));
    d.reads("loss", "float32 [B]");
  }
};

}

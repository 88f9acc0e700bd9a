// A noiser draws t and x^t for a batch of x⁰.
//
// Shapes and units: x⁰, noise and x^t are [B, …]; t and weight are [B] (describe() below has the types).
// Threads: a noiser is const and may be called concurrently, unless its time sampler is adaptive: draw() then waits for
//   the step before.
// Requires: the noise of row k is drawn by its index b.first + k, so that shards do not change it.
// Errors: check_process() throws noneq::error when a pipeline is checked; what draw() and apply() throw ends the run.
#pragma once

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/part.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/time_sampler.hpp"

namespace noneq {

struct noiser : role<"noiser", node_kind::transform> {
  part<time_sampler> time{"uniform"};
  double label_dropout = 0;

  // Writes t, weight and noise to the batch, by default from the time sampler and the kernel. Called ahead of the
  // model; s is the stream of the step. Each of several processes holds a share of the rows, unless the noiser, or a
  // part of the process, has state: row k is row b.first + k of b.rows_in_all() then too.
  virtual void draw(batch& b, const process& p, const stream& s) const;
  // Throws noneq::error when the noiser cannot draw for this process. Called when a pipeline is checked.
  virtual void check_process(const process& p) const { time->draw(1, p, stream(0)); }
  // Writes xt to the batch. With a learned schedule the tables of p carry gradients, and so must xt; apply() is then
  // called in each shard, beside the model.
  virtual void apply(batch& b, const process& p, const stream& s) const = 0;
  // Replaces a share of the batch's labels by `no_class`, so that one network learns with and without them
  // (Ho & Salimans 2022, algorithm 1). A batch without labels stays as it is.
  void drop_labels(batch& b, std::int64_t no_class, const stream& s) const;

  template <class P>
  static void common(description<P>& d) {
    d.param("time", &P::time, "which steps t are drawn, and how often");
    d.param("label_dropout", &P::label_dropout,
            "share of labels replaced by \"no class\" in training, for guidance; the model must know it",
            between(0, 1));
    d.reads("x0", "float32 [B, …]");
    d.writes("t", "int64 [B]: step index t − 1; float64 where time is continuous");
    d.writes("weight", "float32 [B]: the factor of each sample's loss, 1/(T·p_t) unless the time sampler has another");
    d.writes("noise", "float32 [B, …]: ε, or the uniforms of a discrete kernel");
    d.writes("xt", "float32 [B, …]");
  }
};

}

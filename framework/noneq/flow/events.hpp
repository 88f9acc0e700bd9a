// Runs the streams beside training, or without it: samplers, metrics and writers, at their steps and at the end. Used
// by one thread, while training rests; the streams themselves run on the pool. The ranks of a job divide the batches of
// streams that call a model, and the first alone finishes sinks; they all make the calls that are marked as collective,
// and all throw where one of them fails, reported_elsewhere but for the first, or is stopped.
#pragma once

#include "noneq/flow/event_stream.hpp"

namespace noneq::flow {

class events {
 public:
  // Files go to `folder`. The observer receives the outcome of every sink.
  events(session& s, workers& pool, std::filesystem::path folder, observer& o, pass_rules rules = {},
         const ranks& together = alone())
      : session_(s),
        pool_(pool),
        folder_(std::move(folder)),
        observer_(o),
        rules_(std::move(rules)),
        together_(together) {}

  bool due() const;   // returns whether there is a stream whose `every` divides the step
  void after_step();  // runs these streams; collective
  void at_end();      // runs all streams, then the sinks behind the trainer; collective
  // Passes the batch of this step to a sink that hangs on the training. Called on the first rank.
  void tee(const plan_node& sink, std::int64_t step, const batch& b);

 private:
  bool due(const stream_nodes& s) const;
  // Returns the results of the stream that were lost.
  std::optional<lost_results> run(const stream_nodes& s, const event& e);
  void on_first(const std::function<void()>& f) const;
  void show_losses(const event& e);

  session& session_;
  workers& pool_;
  const std::filesystem::path folder_;
  observer& observer_;
  const pass_rules rules_;
  const ranks& together_;
  std::vector<measured> earlier_;  // the records of the metrics of the event at hand
};

}

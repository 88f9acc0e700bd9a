// Runs the streams beside training, or without it: samplers, metrics and writers, at their steps and at the end. Used
// by one thread, while training rests; the streams themselves run on the pool.
#pragma once

#include "noneq/flow/event_stream.hpp"

namespace noneq::flow {

class events {
 public:
  // Files go to `folder`. The observer receives the outcome of every sink.
  events(session& s, workers& pool, std::filesystem::path folder, observer& o, pass_rules rules = {})
      : session_(s), pool_(pool), folder_(std::move(folder)), observer_(o), rules_(std::move(rules)) {}

  bool due() const;   // returns whether there is a stream whose `every` divides the step
  void after_step();  // runs these streams
  void at_end();      // runs all streams, then the sinks behind the trainer
  // Passes the batch of this step to a sink that hangs on the training.
  void tee(const plan_node& sink, std::int64_t step, const batch& b);

 private:
  bool due(const stream_nodes& s) const;
  void run(const stream_nodes& s, const event& e);
  void show_losses(const event& e);

  session& session_;
  workers& pool_;
  const std::filesystem::path folder_;
  observer& observer_;
  const pass_rules rules_;
  std::vector<measured> earlier_;  // the records of the metrics of the event at hand
};

}

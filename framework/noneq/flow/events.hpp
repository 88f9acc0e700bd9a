// Runs the streams beside training, or without it: samplers, metrics and writers, at their steps and at the end. Used
// by one thread, while training rests; the streams themselves run on the pool.
#pragma once

#include <mutex>

#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

class events {
 public:
  // Files go to `folder`. The observer receives the outcome of every sink.
  events(session& s, workers& pool, std::filesystem::path folder, observer& o)
      : session_(s), pool_(pool), folder_(std::move(folder)), observer_(o) {}

  void after_step();  // the streams whose `every` divides the step
  void at_end();      // all streams, then the sinks behind the trainer
  // Passes the batch of this step to a sink that hangs on the training. May be called concurrently, while training
  // runs.
  void tee(const plan_node& sink, std::int64_t step, const batch& b);

 private:
  void run(const stream_nodes& s, const event& e);
  void show_losses(const event& e);

  session& session_;
  workers& pool_;
  const std::filesystem::path folder_;
  observer& observer_;
  std::mutex tees_;
  std::vector<measured> earlier_;  // the records of the metrics of the event at hand
};

}

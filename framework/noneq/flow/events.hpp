// What runs beside training or without it: the streams of samplers, metrics and writers, at their steps and at the end.
// Used by one thread, while training rests; the streams themselves run on the pool.
#pragma once

#include <mutex>

#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

class events {
 public:
  // Files go to `folder`. Everything that sinks find is shown to the observer.
  events(session& s, workers& pool, std::filesystem::path folder, observer& o)
      : session_(s), pool_(pool), folder_(std::move(folder)), observer_(o) {}

  void after_step();  // the streams whose `every` divides the step
  void at_end();      // all streams, then what follows the trainer
  // Gives a sink that hangs on the training the batch of this step. May be called concurrently, while training runs.
  void tee(const plan_node& sink, std::int64_t step, const batch& b);

 private:
  void run(const stream_nodes& s, const event& e);
  void show_losses(const event& e);

  session& session_;
  workers& pool_;
  const std::filesystem::path folder_;
  observer& observer_;
  std::mutex tees_;
  std::vector<measured> earlier_;  // that metrics found at the event at hand
};

}

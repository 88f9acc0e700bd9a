// One stream beside the training, at one event: its sources, samplers and transforms, and the sinks that receive their
// batches. Used by one thread; the stream runs on the pool.
#pragma once

#include <list>

#include "noneq/flow/drawn_stream.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::flow {

// Samples, or results of a metric, some of which are not finite. None of them was kept; all other results were.
struct lost_results : error {
  using error::error;
};

// The surroundings of all streams of an event; outlives them.
struct event_surroundings {
  session& opened;
  workers& pool;
  const std::filesystem::path& folder;
  observer& listens;
  const event& at;
  std::vector<measured>& earlier;
};

class event_stream {
 public:
  event_stream(const event_surroundings& around, const stream_nodes& nodes);
  ~event_stream();

  // Opens every sink, runs the stream, finishes the sinks in their order and passes their arrays to the sinks behind
  // them. Throws lost_results, or the exception of a node.
  void run();

 private:
  struct open_sink;

  void add(const plan_node& n);
  void add_source(const plan_node& n);
  void add_transform(const plan_node& n);
  void add_sampler(const plan_node& n);
  void add_sink(const plan_node& n);
  std::string part_behind(const plan_node& n);
  void need_batches(const plan_node& n, std::int64_t rows, std::int64_t size);

  const event_surroundings& around_;
  const stream_nodes& nodes_;
  drawn_stream drawn_;
  std::int64_t batches_ = -1, rows_ = -1;     // of all sources; −1: no source yet
  const plan_node* counted_ = nullptr;        // the source with this number of rows
  std::map<std::string, std::string> parts_;  // of the data, by source and transform
  std::list<sampling> samplers_;
  std::map<std::string, sampling*> sampler_of_;                                   // by node, for the nodes behind it
  std::vector<std::pair<const plan_node*, std::shared_ptr<std::int64_t>>> lost_;  // samples of each sampler
  std::vector<std::unique_ptr<open_sink>> sinks_;
};

// Passes a sink its only batch: the arrays of another sink, or a batch of the training.
void give_once(const event_surroundings& around, const plan_node& sink, const batch& b,
               const std::map<std::string, std::string>& provenance);

}

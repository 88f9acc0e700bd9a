// One stream beside the training, at one event: its sources, samplers and transforms, and the sinks that receive their
// batches. Used by one thread; the stream runs on the pool.
#pragma once

#include <list>

#include "noneq/flow/applying.hpp"
#include "noneq/flow/drawn_stream.hpp"
#include "noneq/flow/event_surroundings.hpp"
#include "noneq/flow/lost_samples.hpp"
#include "noneq/flow/open_sink.hpp"
#include "noneq/flow/units.hpp"

namespace noneq::flow {

// Samples, or results of a metric, some of which are not finite. None of them was kept; all other results were.
struct lost_results : error {
  using error::error;
};

class event_stream {
 public:
  event_stream(const event_surroundings& around, const stream_nodes& nodes);

  // Passes all batches to the sinks, which were opened before. Throws the exception of a node. Collective.
  void run();
  // run() for some units, for any number of times and in the order of their rows, in one process. ended() is called in
  // order, by one thread at a time, when the sinks have been passed all rows of a unit.
  void make_units(const stream_rows& rows, const unit_run& units, const std::function<void(std::int64_t unit)>& ended);
  // Finishes the sinks in their order and passes their arrays to the sinks behind them; called on the first rank.
  // Throws lost_results, or the exception of a node.
  void finish();

 private:
  void add(const plan_node& n);
  void add_source(const plan_node& n);
  void add_transform(const plan_node& n);
  void add_application(const plan_node& n);
  void add_sampler(const plan_node& n);
  void add_sink(const plan_node& n);
  std::string part_behind(const plan_node& n);
  stream_graph graph(std::int64_t first_batch, std::int64_t end_batch) const;
  void add_to(open_sink& s, taken_batch of) const;
  void need_batches(const plan_node& n, std::int64_t rows, std::int64_t size);

  const event_surroundings& around_;
  const stream_nodes& nodes_;
  drawn_stream drawn_;
  std::int64_t batches_ = -1, rows_ = -1;     // of all sources; −1: no source yet
  std::int64_t batch_ = 0;                    // rows in one
  std::optional<stream_rows> in_units_;       // while units are made
  const plan_node* counted_ = nullptr;        // the source with this number of rows
  std::map<std::string, std::string> parts_;  // of the data, by source and transform
  std::list<sampling> samplers_;
  std::list<applying> applied_;
  std::map<std::string, sampling*> sampler_of_;                                   // by node, for the nodes behind it
  std::vector<std::pair<const plan_node*, std::shared_ptr<lost_samples>>> lost_;  // by sampler
  std::vector<std::unique_ptr<open_sink>> sinks_;
};

}

// Cuts a graph at its sinks into streams, each of which one flow graph runs: the training stream, with all that hangs
// on it, and a stream for each group of sinks that share an input. Plain data, pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "noneq/plugin/object.hpp"

namespace noneq::flow {

// The properties of a node that the cut depends on.
struct drawn_node {
  std::string id;
  node_kind kind = node_kind::transform;
  std::vector<std::string> in = {};
  bool of = false;           // whether it has a model as a constant input, as it is when its stream begins
  bool trains = false;       // the sink that writes the weights
  bool reads_state = false;  // whether a call depends on state that the sink that trains wrote before
  std::int64_t every = 0;    // steps between its events; 0: at the end only
};

struct stream_nodes {
  bool trains = false;
  std::vector<std::string> nodes;  // in running order, each behind those it is joined from
  // The nodes of the training stream behind the gate, which receive a batch only after the one before it is complete,
  // and which run inside the sink that trains.
  std::vector<std::string> gated;
  std::int64_t every = 0;

  bool has(const std::string& id) const;
  bool is_gated(const std::string& id) const;
};

// Takes nodes in running order. The training stream is the first; the others come in the order of their sinks. Sinks
// that follow a sink, as a writer of a metric's arrays, belong to the stream of that sink, behind it.
std::vector<stream_nodes> cut_into_streams(const std::vector<drawn_node>& nodes);

}

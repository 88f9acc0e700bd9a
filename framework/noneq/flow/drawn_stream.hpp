// A stream while its graph is made: vertices with the nodes they belong to, and where each node's batches come out.
#pragma once

#include "noneq/flow/observers.hpp"

namespace noneq {

class drawn_stream {
 public:
  explicit drawn_stream(observer& listens) : observer_(listens) {}

  // Adds a vertex of this node, behind those it is joined from, and returns its number. The node's batches come out of
  // it from now on.
  std::size_t add(const plan_node& n, vertex v);
  // The node's batches come out here.
  void put_out(const plan_node& n, vertex_output at) { outputs_[n.id] = at; }
  bool has(const std::string& id) const { return outputs_.count(id) != 0; }
  // Joins v from this input.
  void join(vertex& v, const plan_edge& e) const;
  void join_inputs(vertex& v, const plan_node& n) const;

  // The graph with the door and the counter of batches; the rest is the caller's. Valid as long as this stream.
  stream_graph graph() const;

 private:
  observer& observer_;
  std::vector<vertex> vertices_;
  std::vector<const plan_node*> nodes_;
  std::map<std::string, vertex_output> outputs_;
};

}

// A stream while its graph is made: its vertices, the node of each, and the vertex output of each node.
#pragma once

#include "noneq/flow/observers.hpp"

namespace noneq::flow {

class drawn_stream {
 public:
  explicit drawn_stream(observer& listens) : observer_(listens) {}

  // Adds a vertex of this node, behind those it is joined from, and returns its number. From now on this vertex is the
  // node's output.
  std::size_t add(const plan_node& n, vertex v);
  // Makes `at` the node's output.
  void put_out(const plan_node& n, vertex_output at) { outputs_[n.id] = at; }
  bool has(const std::string& id) const { return outputs_.count(id) != 0; }
  // Adds this input to v.
  void join(vertex& v, const plan_edge& e) const;
  void join_inputs(vertex& v, const plan_node& n) const;

  // Returns the graph with the door and the counter of batches; the caller sets the rest. Valid as long as this stream.
  stream_graph graph() const;

 private:
  observer& observer_;
  std::vector<vertex> vertices_;
  std::vector<const plan_node*> nodes_;
  std::map<std::string, vertex_output> outputs_;
};

}

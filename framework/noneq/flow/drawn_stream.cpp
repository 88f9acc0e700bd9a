#include "noneq/flow/drawn_stream.hpp"

namespace noneq::flow {

std::size_t drawn_stream::add(const plan_node& n, vertex v) {
  vertices_.push_back(std::move(v));
  nodes_.push_back(&n);
  put_out(n, {vertices_.size() - 1});
  return vertices_.size() - 1;
}

void drawn_stream::join(vertex& v, const plan_edge& e) const {
  v.in.push_back(outputs_.at(e.from));
  v.as.push_back(e.as);
}

void drawn_stream::join_inputs(vertex& v, const plan_node& n) const {
  for (const plan_edge& e : n.in) join(v, e);
}

stream_graph drawn_stream::graph() const {
  stream_graph g;
  g.vertices = vertices_;
  g.door = [this](const vertex_call& c, const std::function<void()>& f) {
    const at::NoGradGuard values_only;
    through_door(observer_, {*nodes_[c.vertex], c.what, c.index, c.part}, f);
  };
  g.under_way = [this](std::int64_t batches) { observer_.under_way(batches); };
  return g;
}

}

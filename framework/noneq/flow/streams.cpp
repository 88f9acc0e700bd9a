#include "noneq/flow/streams.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace noneq::flow {
namespace {

bool contains(const std::vector<std::string>& all, const std::string& id) {
  return std::find(all.begin(), all.end(), id) != all.end();
}

class cutting {
 public:
  explicit cutting(const std::vector<drawn_node>& nodes) : nodes_(nodes) {
    for (const drawn_node& n : nodes) by_id_[n.id] = &n;
  }

  std::vector<stream_nodes> streams() {
    const auto trainer = std::find_if(nodes_.begin(), nodes_.end(), [](const drawn_node& n) { return n.trains; });
    std::vector<stream_nodes> all;
    if (trainer != nodes_.end()) all.push_back(training(*trainer));
    const std::set<std::string> taken = all.empty() ? std::set<std::string>{} : members(all.front());
    for (const drawn_node& n : nodes_)
      if (n.kind == node_kind::sink && !taken.count(n.id)) add_sink(n, all);
    for (stream_nodes& s : all) sort(s);
    return all;
  }

 private:
  static std::set<std::string> members(const stream_nodes& s) { return {s.nodes.begin(), s.nodes.end()}; }

  // Returns the nodes on which this one depends, and itself.
  std::set<std::string> needed(const drawn_node& n) const {
    std::set<std::string> all{n.id};
    for (const std::string& id : n.in) all.merge(needed(*by_id_.at(id)));
    return all;
  }

  stream_nodes training(const drawn_node& trainer) const {
    stream_nodes s;
    s.trains = true;
    std::set<std::string> in = needed(trainer);
    // A tee hangs on the stream unless it takes the model as it is when a stream begins.
    for (const drawn_node& n : nodes_)
      if (!n.in.empty() && !n.of && std::all_of(n.in.begin(), n.in.end(), [&](const auto& id) { return in.count(id); }))
        in.insert(n.id);
    s.nodes.assign(in.begin(), in.end());
    const std::set<std::string> chain = needed(trainer);
    std::set<std::string> behind;
    for (const drawn_node& n : nodes_)
      if (chain.count(n.id) && n.kind == node_kind::transform &&
          (n.reads_state || std::any_of(n.in.begin(), n.in.end(), [&](const auto& id) { return behind.count(id); })))
        behind.insert(n.id), s.gated.push_back(n.id);
    return s;
  }

  // Sinks share a stream when they share more than a source, or, where nothing is trained, anything: data is read once.
  void add_sink(const drawn_node& n, std::vector<stream_nodes>& all) const {
    std::set<std::string> own = needed(n);
    const bool trained = !all.empty() && all.front().trains;
    const std::int64_t every = every_of(own);
    const auto shares = [&](const stream_nodes& s) {
      return !s.trains && every_of({s.nodes.begin(), s.nodes.end()}) == every &&
             std::any_of(s.nodes.begin(), s.nodes.end(), [&](const std::string& id) {
               return own.count(id) && !(trained && by_id_.at(id)->kind == node_kind::source);
             });
    };
    // It joins the first of these streams, and brings the others with it.
    stream_nodes* first = nullptr;
    for (auto it = all.begin(); it != all.end();) {
      if (!shares(*it)) {
        ++it;
        continue;
      }
      own.insert(it->nodes.begin(), it->nodes.end());
      if (first != nullptr) {
        it = all.erase(it);
      } else {
        first = &*it;
        ++it;
      }
    }
    if (first == nullptr) first = &all.emplace_back();
    first->nodes.assign(own.begin(), own.end());
  }

  std::int64_t every_of(const std::set<std::string>& ids) const {
    std::int64_t every = 0;
    for (const std::string& id : ids) every = std::max(every, by_id_.at(id)->every);
    return every;
  }

  void sort(stream_nodes& s) const {
    const std::set<std::string> in = members(s);
    s.nodes.clear();
    for (const drawn_node& n : nodes_)
      if (in.count(n.id)) {
        s.nodes.push_back(n.id);
      }
    if (!s.trains) s.every = every_of(in);
  }

  const std::vector<drawn_node>& nodes_;
  std::map<std::string, const drawn_node*> by_id_;
};

}

bool stream_nodes::has(const std::string& id) const { return contains(nodes, id); }
bool stream_nodes::is_gated(const std::string& id) const { return contains(gated, id); }

std::vector<stream_nodes> cut_into_streams(const std::vector<drawn_node>& nodes) { return cutting(nodes).streams(); }

}

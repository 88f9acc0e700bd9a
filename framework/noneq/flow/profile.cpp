#include "noneq/flow/profile.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace noneq::flow {

void profile::begins(const node_call&) {
  const std::lock_guard one(one_);
  open_.begins();
}

void profile::ended(const node_call& c) {
  const std::lock_guard one(one_);
  if (const auto call = open_.ended())
    calls_.push_back({&c.node, c.what, c.index, c.part, workers::thread_index(), call->begin, call->end, call->inner});
}

namespace {

// The parameters that change how much a node costs.
std::string lever_of(const plan_node& n, int threads, std::int64_t shards) {
  const std::string role = n.role(), batch = "lower the loader's batch";
  if (role == "loader") {
    const auto& all = n.plugin.entry->parameters;
    const bool reads_file = std::any_of(all.begin(), all.end(), holds_paths);
    return reads_file ? "store the data uncompressed or in larger chunks, or lower its batch"
                      : "write its rows to a file once, by noneq data make, or lower its batch";
  }
  if (role == "transform") return "apply it once to the file, where it draws nothing at random, or " + batch;
  if (role == "model" || role == "loss")  // whose calls hold the gradient of the whole network
    return shards < threads ? fmt::format("raise the trainer's shards from {} to {}, make the network smaller, or {}",
                                          shards, threads, batch)
                            : "make the network smaller, or " + batch;
  return role == "trainer" ? "raise the loader's batch, so that each step does more" : batch;
}

}

profile::result profile::report(std::int64_t first, int threads, std::int64_t shards) const {
  std::vector<call> all;
  for (const call& c : calls_)
    if (c.index >= first) all.push_back(c);
  result r;
  if (all.empty()) return r;
  std::sort(all.begin(), all.end(), [](const call& a, const call& b) { return a.begin < b.begin; });

  // The critical path backwards in time: from each moment the call that ended last before it.
  std::map<const plan_node*, double> critical;
  std::vector<const call*> by_end;
  for (const call& c : all) by_end.push_back(&c);
  std::sort(by_end.begin(), by_end.end(), [](const call* a, const call* b) { return a->end < b->end; });
  double at = by_end.back()->end, whole = 0;
  for (auto it = by_end.rbegin(); it != by_end.rend(); ++it) {
    const call& c = **it;
    if (c.end > at + 1e-9) continue;  // beside the path
    const double share = c.end - c.begin - c.inner;
    critical[c.node] += share, whole += share;
    if (c.inner == 0) at = c.begin;
  }

  std::map<std::int64_t, double> reached;  // when the call before ended, by batch
  struct sums {
    std::int64_t calls = 0;
    double busy = 0, waiting = 0, order = 0;
  };
  std::map<const plan_node*, sums> by_node;
  std::map<std::int64_t, std::set<const plan_node*>> seen;
  for (const call& c : all) {
    sums& s = by_node[c.node];
    if (s.calls++ == 0) s.order = c.begin;
    s.busy += c.end - c.begin - c.inner;
    if (seen[c.index].insert(c.node).second && reached.count(c.index))
      s.waiting += std::max(0.0, c.begin - reached[c.index]);
    reached[c.index] = std::max(reached[c.index], c.end);
  }
  const double batches = static_cast<double>(seen.size());
  for (const auto& [node, s] : by_node)
    r.lines.push_back({node->id, node->plugin.entry->full_name(), s.calls, 1e3 * s.busy / static_cast<double>(s.calls),
                       whole > 0 ? critical[node] / whole : 0, 1e3 * s.waiting / batches});
  std::sort(r.lines.begin(), r.lines.end(), [&](const line& a, const line& b) {
    const auto order = [&](const line& l) {
      for (const auto& [node, s] : by_node)
        if (node->id == l.node) return s.order;
      return 0.0;
    };
    return order(a) < order(b);
  });
  const double seconds = by_end.back()->end - all.front().begin;
  r.batches_per_second = batches / seconds;
  const auto most = std::max_element(critical.begin(), critical.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  double busy = 0;
  for (const auto& [_, s] : by_node) busy += s.busy;
  r.bottleneck = fmt::format("{} takes {:.0f} % of the critical path, with {:.0f} % of {} threads busy: {}",
                             most->first->id, 100 * most->second / whole, 100 * busy / (seconds * threads), threads,
                             lever_of(*most->first, threads, shards));
  return r;
}

}

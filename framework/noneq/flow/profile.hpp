// The time that a run spends: calls and time of each node, its share of the critical path, how long batches wait before
// it, and the node that limits the whole. Observes any number of threads; report() is called after the last.
#pragma once

#include <mutex>

#include "noneq/flow/observers.hpp"
#include "noneq/flow/open_calls.hpp"

namespace noneq::flow {

class profile final : public observer {
 public:
  void begins(const node_call& c) override;
  void ended(const node_call& c) override;

  struct line {
    std::string node, plugin;
    std::int64_t calls = 0;
    double milliseconds = 0;  // a call, without the calls of other nodes within it
    double critical = 0;      // share of the critical path, 0 to 1
    double waiting = 0;       // milliseconds that a batch lies between the node before and this one
  };
  struct result {
    std::vector<line> lines;  // in the order in which batches reach the nodes
    double batches_per_second = 0;
    std::string bottleneck;  // a sentence with the node and the parameter that moves it
  };
  // `threads` worked on batches in `shards` parts; batches before `first` are left out, which warm up.
  result report(std::int64_t first, int threads, std::int64_t shards) const;

 private:
  struct call {
    const plan_node* node;
    calling what;
    std::int64_t index, part;
    int thread;
    double begin, end, inner;  // seconds; inner: within calls of other nodes
  };

  mutable std::mutex one_;
  open_calls open_;
  std::vector<call> calls_;
};

}

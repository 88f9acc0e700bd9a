// The calls of nodes that are under way, a stack for each thread of the workers, because a node may call others. The
// caller locks.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "noneq/flow/workers.hpp"

namespace noneq::flow {

class open_calls {
 public:
  struct call {
    double begin, end, inner;  // seconds since this object was made; inner: within calls of other nodes
    double own() const { return end - begin - inner; }
  };

  void begins() { open_[workers::thread_index()].push_back({now(), 0, 0}); }
  // Returns the innermost call of this thread; none where it began before this object was made.
  std::optional<call> ended() {
    auto& stack = open_[workers::thread_index()];
    if (stack.empty()) return std::nullopt;
    call last = stack.back();
    last.end = now();
    stack.pop_back();
    if (!stack.empty()) stack.back().inner += last.end - last.begin;
    return last;
  }

 private:
  using clock = std::chrono::steady_clock;
  double now() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

  const clock::time_point start_ = clock::now();
  std::map<int, std::vector<call>> open_;  // by thread
};

}

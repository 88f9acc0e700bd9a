// The idle plans of a network, kept for the next call of their kind. Their memory is bounded: at most twice the bytes
// that were ever in use at once are idle, and the plans used longest ago go first. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <mutex>

#include "noneq/compute/detail/plan.hpp"

namespace noneq::compute {

// Calls of one kind can use one another's plans.
struct plan_kind {
  std::int64_t batch;
  bool training, drops;
  bool operator==(const plan_kind&) const = default;
};

class plan_pool {
 public:
  // Returns an idle plan of this kind, or a new one from make(), which is called without the lock.
  std::unique_ptr<compiled_plan> take(const plan_kind& k, const std::function<std::unique_ptr<compiled_plan>()>& make);
  void give_back(const plan_kind& k, std::unique_ptr<compiled_plan> plan);

  std::size_t idle_bytes() const;

 private:
  struct entry {
    plan_kind kind;
    std::unique_ptr<compiled_plan> plan;
  };
  mutable std::mutex mutex_;
  std::list<entry> idle_;  // last used last
  std::size_t idle_bytes_ = 0, used_bytes_ = 0, most_used_bytes_ = 0;
};

}

#include "noneq/compute/detail/plan_pool.hpp"

#include <algorithm>

namespace noneq::compute {

std::unique_ptr<compiled_plan> plan_pool::take(const plan_kind& k,
                                               const std::function<std::unique_ptr<compiled_plan>()>& make) {
  std::unique_ptr<compiled_plan> plan;
  {
    const std::lock_guard lock(mutex_);
    const auto last = std::find_if(idle_.rbegin(), idle_.rend(), [&](const entry& e) { return e.kind == k; });
    if (last != idle_.rend()) {
      plan = std::move(last->plan);
      idle_.erase(std::next(last).base());
      idle_bytes_ -= plan->bytes();
    }
  }
  if (!plan) plan = make();
  const std::lock_guard lock(mutex_);
  used_bytes_ += plan->bytes();
  most_used_bytes_ = std::max(most_used_bytes_, used_bytes_);
  return plan;
}

void plan_pool::give_back(const plan_kind& k, std::unique_ptr<compiled_plan> plan) {
  const std::lock_guard lock(mutex_);
  used_bytes_ -= plan->bytes();
  idle_bytes_ += plan->bytes();
  idle_.push_back({k, std::move(plan)});
  while (idle_bytes_ > 2 * most_used_bytes_) {
    idle_bytes_ -= idle_.front().plan->bytes();
    idle_.pop_front();
  }
}

std::size_t plan_pool::idle_bytes() const {
  const std::lock_guard lock(mutex_);
  return idle_bytes_;
}

}

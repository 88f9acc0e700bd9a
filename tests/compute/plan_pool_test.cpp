// Idle plans are found again, and their memory is bounded however many batch sizes are met.
#include "noneq/compute/detail/plan_pool.hpp"

#include "doctest.hpp"
#include "small_networks.hpp"

using namespace noneq;
using namespace noneq::compute;

namespace {

struct counted_pool {
  network_layers n = small::unet(1, 8, 8, false, 1);
  packed_weights packed;
  plan_pool pool;
  int made = 0;

  std::unique_ptr<compiled_plan> take(std::int64_t batch) {
    return pool.take({batch, false, false}, [&] {
      ++made;
      return std::make_unique<compiled_plan>(n, batch, precision::fp32, false, packed);
    });
  }
};

}

TEST_CASE("a plan that was given back serves the next call of its kind") {
  counted_pool p;
  auto one = p.take(3), other = p.take(3);
  CHECK(p.made == 2);
  p.pool.give_back({3, false, false}, std::move(one));
  p.pool.give_back({3, false, false}, std::move(other));
  one = p.take(3), other = p.take(3);
  CHECK(p.made == 2);
  p.pool.give_back({3, false, false}, std::move(one));
  one = p.take(4);
  CHECK(p.made == 3);
  p.pool.give_back({4, false, false}, std::move(one));
  p.pool.give_back({3, false, false}, std::move(other));
}

TEST_CASE("at most twice the memory that was in use at once lies idle, whatever batch sizes are met") {
  counted_pool p;
  std::size_t most = 0;
  for (std::int64_t batch = 1; batch <= 30; ++batch) {
    auto plan = p.take(batch);
    most = std::max(most, plan->bytes());
    p.pool.give_back({batch, false, false}, std::move(plan));
    CHECK(p.pool.idle_bytes() <= 2 * most);
  }
  CHECK(p.pool.idle_bytes() > 0);
  p.made = 0;
  p.pool.give_back({30, false, false}, p.take(30));
  CHECK(p.made == 0);  // the plan used last stays
}

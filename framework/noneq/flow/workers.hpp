// The threads of a run: one pool, in which libtorch runs single-threaded. Parallelism is ours, over samples.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "noneq/plugin/batch.hpp"

namespace noneq {

class workers {
 public:
  // 0: as many as the machine, and the quota of a container or batch job, have. One, when the BLAS in use cannot be
  // called by several.
  explicit workers(int threads);
  ~workers();
  int threads() const;
  // Why there are fewer than were asked for, a line a reason.
  const std::vector<std::string>& notes() const { return notes_; }

  // f(0) … f(n−1), in any order and at once; rethrows the first exception.
  void parallel(std::int64_t n, const std::function<void(std::int64_t)>& f);
  // use(make(0)), use(make(1)), …: made in parallel, used in order by one thread at a time, few held at once.
  void ordered(std::int64_t n, const std::function<batch(std::int64_t)>& make,
               const std::function<void(const batch&)>& use);
  // Runs f inside the pool, so that everything parallel in it uses these threads.
  void execute(const std::function<void()>& f);

 private:
  int allowed(int threads);  // notes why it is fewer
  struct pool;
  std::vector<std::string> notes_;
  std::unique_ptr<pool> pool_;
};

}

// The threads of a run: one pool, in which libtorch runs single-threaded. Parallelism is ours, over samples.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace noneq {

class workers {
 public:
  // 0: as many as the machine, and the quota of a container or batch job, have. One, when the BLAS in use cannot be
  // called by several.
  explicit workers(int threads);
  ~workers();
  int threads() const;
  // The number of the calling thread among those of its pool, from 0; negative for a thread of no pool.
  static int thread_index();
  // Why there are fewer than were asked for, a line a reason.
  const std::vector<std::string>& notes() const { return notes_; }

  // Runs f inside the pool, so that everything parallel in it uses these threads.
  void execute(const std::function<void()>& f);

 private:
  int allowed(int threads);  // notes why it is fewer
  struct pool;
  std::vector<std::string> notes_;
  std::unique_ptr<pool> pool_;
};

}

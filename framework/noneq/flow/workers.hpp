// The threads of a run: one pool, in which libtorch runs single-threaded; the program works on samples in parallel
// instead. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace noneq::flow {

class workers {
 public:
  // threads = 0: as many as the machine, and the quota of a container or batch job, have. One, when concurrent calls of
  // the BLAS in use are not safe.
  explicit workers(int threads);
  ~workers();
  int threads() const;
  // Returns the number of the calling thread among those of its pool, from 0; negative for a thread of no pool.
  static int thread_index();
  // The reasons why there are fewer threads than requested, a line each.
  const std::vector<std::string>& notes() const { return notes_; }

  // Calls f inside the pool, so that parallel work within it uses these threads.
  void execute(const std::function<void()>& f);

 private:
  int allowed(int threads);  // notes why it is fewer
  struct pool;
  std::vector<std::string> notes_;
  std::unique_ptr<pool> pool_;
};

}

#include "noneq/flow/workers.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include "noneq/core/cpu_quota.hpp"
#include "noneq/core/threads.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq::flow {

struct workers::pool {
  struct computing_threads : tbb::task_scheduler_observer {
    explicit computing_threads(tbb::task_arena& a) : tbb::task_scheduler_observer(a) { observe(true); }
    ~computing_threads() override { observe(false); }
    void on_scheduler_entry(bool is_worker) override {
      prepare_worker_thread();
      if (is_worker) leave_signals_to_main();
    }
  };

  explicit pool(int threads)
      : limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)),
        arena(threads),
        observer(arena) {}
  tbb::global_control limit;
  tbb::task_arena arena;
  computing_threads observer;
};

// Returns how many of these threads can run, with room for one that libraries start on their own.
static int obtainable(int threads) { return std::max(1, startable_threads(threads + 1) - 1); }

int workers::allowed(int threads) {
  limit_library_threads();
  if (!blas_is_thread_safe()) {
    notes_.push_back("one thread only: this OpenBLAS is built without locks; install libopenblas0-pthread to use more");
    return 1;
  }
  if (threads <= 0) threads = usable_cpus();
  const int there = obtainable(threads);
  if (there < threads)
    notes_.push_back(
        fmt::format("{} of {} threads could be had; the limit of processes (ulimit -u, or pids.max of the "
                    "container) allows no more",
                    there, threads));
  return there;
}

workers::workers(int threads) : pool_(std::make_unique<pool>(allowed(threads))) {}
workers::~workers() = default;

int workers::threads() const { return pool_->arena.max_concurrency(); }

int workers::thread_index() { return tbb::this_task_arena::current_thread_index(); }

void workers::execute(const std::function<void()>& f) { pool_->arena.execute(f); }

}

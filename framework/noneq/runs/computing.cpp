#include "noneq/runs/detail/computing.hpp"

#include <pthread.h>
#include <algorithm>
#include <atomic>
#include <cfenv>
#include <csignal>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "noneq/core/cpu_quota.hpp"
#include "noneq/core/machine.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/core/threads.hpp"

namespace noneq::runs {
namespace {

// Threads that are made while it exists take no signals but those of their own faults: a handler of the program may
// need more stack than a thread in the middle of a kernel has.
class without_signals {
 public:
  without_signals() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  without_signals(const without_signals&) = delete;
  ~without_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// Calls f on up to `count` threads, on one at least, and returns when all have ended. `failing` is called at an
// exception.
void on_threads(int count, const std::function<void()>& f, const std::function<void()>& failing) {
  std::exception_ptr failed;
  std::mutex one_failure;
  const auto work = [&] {
    try {
      std::fesetenv(FE_DFL_ENV);  // a thread begins with the rounding mode of the one that made it
      prepare_worker_thread();
      at::NoGradGuard values_only;
      f();
    } catch (...) {
      const std::lock_guard one(one_failure);
      if (!failed) failed = std::current_exception();
      failing();
    }
  };
  {
    std::vector<std::jthread> all;
    const without_signals masked;
    try {
      while (static_cast<int>(all.size()) < count) all.emplace_back(work);
    } catch (const std::system_error& e) {  // no more threads may be made
      if (all.empty()) throw error("could not start a thread: " + e.code().message());
    }
  }
  if (failed) std::rethrow_exception(failed);
}

// One call of in_parts().
struct call {
  const std::function<bool()>& keep_going;
  std::mutex asking{};
  std::atomic<bool> ended = false;

  void before_network() {
    if (ended) throw interrupted();
    if (!keep_going) return;
    const std::lock_guard one(asking);
    if (!ended && keep_going()) return;
    ended = true;
    throw interrupted();
  }
};

thread_local call* working_for = nullptr;

}

int threads_of(int threads) {
  if (!blas_is_thread_safe()) return 1;
  if (threads > 0) return threads;
  const int cpus = this_machine().allowed;
  return std::min(cpus, cpu_quota().value_or(cpus));
}

void apart(const std::function<void()>& f) {
  on_threads(1, f, [] {});
}

void in_parts(int threads, std::int64_t rows, std::int64_t chunk, const std::function<bool()>& keep_going,
              const std::function<void(std::int64_t, std::int64_t)>& part) {
  const std::int64_t parts = (rows + chunk - 1) / chunk;
  std::atomic<std::int64_t> next{0};
  call mine{keep_going};
  on_threads(
      static_cast<int>(std::min<std::int64_t>(threads, parts)),
      [&] {
        working_for = &mine;
        for (std::int64_t k; !mine.ended && (k = next++) < parts;) part(k * chunk, std::min(chunk, rows - k * chunk));
      },
      [&] { mine.ended = true; });
}

void calls_of_network::network_called(const flow::plan_node&) {
  if (working_for != nullptr) working_for->before_network();
}

}

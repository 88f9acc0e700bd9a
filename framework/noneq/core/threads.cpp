#include "noneq/core/threads.hpp"

#include <dlfcn.h>
#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "noneq/core/error.hpp"

namespace noneq {

int startable_threads(int most) {
  std::vector<std::thread> tried;
  tried.reserve(static_cast<std::size_t>(most));
  std::mutex until_all_are_made;
  {
    const std::lock_guard making(until_all_are_made);
    try {
      while (static_cast<int>(tried.size()) + 1 < most)
        tried.emplace_back([&] { const std::lock_guard made(until_all_are_made); });
    } catch (const std::system_error&) {  // no more
    }
  }
  for (std::thread& t : tried) t.join();
  return static_cast<int>(tried.size()) + 1;
}

void limit_library_threads() {
  const int cpus = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (const int there = startable_threads(cpus); there < cpus)
    throw error("got a limit of processes (ulimit -u, or pids.max of the container) that leaves room for " +
                std::to_string(there) + " threads, need " + std::to_string(cpus) +
                ": libtorch starts one for each CPU");
  at::set_num_threads(1);
  // OpenBLAS reads its environment variable when it is loaded, before main(); only this call still reaches it.
  if (void* f = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(f)(1);
}

bool blas_is_thread_safe() {
  void* f = dlsym(RTLD_DEFAULT, "openblas_get_parallel");
  return f == nullptr || reinterpret_cast<int (*)()>(f)() != 0;
}

void prepare_worker_thread() {
  thread_local const bool once = [] {
    at::set_num_threads(1);
    at::globalContext().setFlushDenormal(true);
    return true;
  }();
  (void)once;
}

}

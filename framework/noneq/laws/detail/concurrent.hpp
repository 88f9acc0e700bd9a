// Calls of one function by several threads at once. Pure.
#pragma once

#include <exception>
#include <latch>
#include <thread>
#include <vector>

namespace noneq::laws {

// Returns f(0), …, f(calls − 1), each computed on a thread of its own, all of which start together. Rethrows the first
// exception. Results are repeatable only where f is thread-safe.
template <class F>
auto at_once(std::size_t calls, const F& f) {
  std::vector<decltype(f(std::size_t{0}))> results(calls);
  std::vector<std::exception_ptr> thrown(calls);
  std::latch start(static_cast<std::ptrdiff_t>(calls));
  {
    std::vector<std::jthread> threads;
    threads.reserve(calls);
    const auto call = [&](std::size_t i) {
      start.arrive_and_wait();
      try {
        results[i] = f(i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    };
    try {
      for (std::size_t i = 0; i < calls; ++i) threads.emplace_back(call, i);
    } catch (...) {  // there is no further thread: those that wait for it begin without it, so that they end
      start.count_down(static_cast<std::ptrdiff_t>(calls - threads.size()));
      throw;
    }
  }
  for (const std::exception_ptr& e : thrown)
    if (e) std::rethrow_exception(e);
  return results;
}

inline constexpr std::size_t threads_at_once = 4;

}

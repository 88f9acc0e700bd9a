#include "noneq/flow/stop.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace noneq {

static std::atomic<bool> asked{false};  // the one state a signal handler may touch

static void on_signal(int number) {
  asked.store(true);
  std::signal(number, SIG_DFL);
}

// oneDNN's matrix products point the stack pointer into their buffers on the heap: a handler that ran there would
// write over the heap. So it has a stack of its own, which belongs to one thread.
void stop_on_signals() {
  static std::array<std::byte, 1 << 16> stack;
  const stack_t own{stack.data(), 0, stack.size()};
  sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

void leave_signals_to_main() {
  sigset_t both;
  sigemptyset(&both);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&both, number);
  pthread_sigmask(SIG_BLOCK, &both, nullptr);
}

bool stop_asked() { return asked.load(); }
void ask_to_stop() { asked.store(true); }
void forget_stop() { asked.store(false); }

void stop_here_if_asked() {
  if (stop_asked()) throw interrupted();
}

}

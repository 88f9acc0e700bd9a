#include "noneq/flow/stop.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <string_view>

#include <unistd.h>

#include "noneq/core/messages.hpp"
#include "noneq/storage/temporaries.hpp"

namespace noneq::flow {

static constexpr std::array stopping = {SIGINT, SIGTERM, SIGHUP};

// oneDNN's matrix products point the stack pointer into their buffers on the heap: a handler that ran there would
// write over the heap. So it has a stack of its own, which belongs to one thread.
static void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(number, &action, nullptr);
}

static std::atomic<const std::string*> last_line;  // a handler may read it at any time; never deleted

void set_last_line(const std::string& line) { last_line = new std::string(line + "\n"); }

static void put(std::string_view text) {
  [[maybe_unused]] const auto unread = ::write(STDERR_FILENO, text.data(), text.size());
}

static void end_now(int) {
  storage::remove_temporaries();
  put(line_break());
  if (const std::string* line = last_line) put(*line);
  put("interrupted\n");
  ::_exit(130);
}

static void on_signal(int number) {
  ask_to_stop();
  // The shell and the kernel announce a closed terminal at the same time.
  if (number != SIGHUP) handle(number, end_now);
}

// Each signal, but those that the program was started to survive, as by nohup.
static void handle_all(void (*handler)(int)) {
  static std::array<std::byte, 1 << 16> stack;
  const stack_t own{stack.data(), 0, stack.size()};
  sigaltstack(&own, nullptr);
  for (const int number : stopping) {
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) handle(number, handler);
  }
}

void end_tidily_on_signals() { handle_all(end_now); }

void stop_on_signals() { handle_all(on_signal); }

void leave_signals_to_main() {
  sigset_t all;
  sigemptyset(&all);
  for (const int number : stopping) sigaddset(&all, number);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}

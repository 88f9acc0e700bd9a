#include "noneq/flow/stop.hpp"

#include <atomic>
#include <csignal>

namespace noneq {

static std::atomic<bool> asked{false};  // the one state a signal handler may touch

static void on_signal(int number) {
  asked.store(true);
  std::signal(number, SIG_DFL);
}

void stop_on_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool stop_asked() { return asked.load(); }
void ask_to_stop() { asked.store(true); }
void forget_stop() { asked.store(false); }

void stop_here_if_asked() {
  if (stop_asked()) throw interrupted();
}

}

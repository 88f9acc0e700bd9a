#include "noneq/core/stop.hpp"

#include <atomic>

namespace noneq {

static std::atomic<bool> asked{false};  // the one state a signal handler may touch

bool stop_asked() { return asked.load(); }
void ask_to_stop() { asked.store(true); }
void forget_stop() { asked.store(false); }

void stop_here_if_asked() {
  if (stop_asked()) throw interrupted();
}

}

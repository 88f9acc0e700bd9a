#include "noneq/core/stop.hpp"

#include <atomic>

namespace noneq {

static std::atomic<bool> asked{false};  // the one state a signal handler may touch

bool stop_asked() { return asked.load(); }
void ask_to_stop() { asked.store(true); }
void forget_stop() { asked.store(false); }

static thread_local int deferred = 0;

stop_deferred::stop_deferred() { ++deferred; }
stop_deferred::~stop_deferred() { --deferred; }

void stop_here_if_asked() {
  if (stop_asked() && deferred == 0) throw interrupted();
}

}

// A flag that requests the program to end. A signal sets it; long work polls it. Thread-safe.
#pragma once

#include <exception>

namespace noneq {

// Thrown to unwind work after a stop was requested; its results are saved by then.
struct interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

// A stop on which all processes that work together have agreed, between two steps or two rounds of batches.
struct stopped_together : interrupted {};

bool stop_asked();
void ask_to_stop();  // may be called by a signal handler
void forget_stop();  // for tests

// While one lives, stop_here_if_asked() returns on this thread after a request, too: for work that a stop would leave
// half done.
class stop_deferred {
 public:
  stop_deferred();
  stop_deferred(stop_deferred&&) = delete;
  ~stop_deferred();
};

// Throws interrupted after a stop was requested. Loops of a metric or writer that run longer than a second without
// calling the network must call it.
void stop_here_if_asked();

}

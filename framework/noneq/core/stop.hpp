// Whether somebody wants the program to end. A signal sets it; whatever works for long looks at it. Thread-safe.
#pragma once

#include <exception>

namespace noneq {

// Unwinds work that was asked to stop; what it had made is saved by then.
struct interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

bool stop_asked();
void ask_to_stop();  // may be called by a signal handler
void forget_stop();  // for tests

// Throws interrupted when a stop was asked for. Loops of a metric or writer that run longer than a second without
// calling the network call it.
void stop_here_if_asked();

}

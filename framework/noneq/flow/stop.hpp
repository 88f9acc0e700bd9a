// Ctrl-C: a run finishes the step it is in, writes a checkpoint and exits 130. A second Ctrl-C ends the program at
// once.
#pragma once

#include <exception>

namespace noneq {

// Unwinds a run that was asked to stop; what it had made is saved by then.
struct interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

void stop_on_signals();        // SIGINT and SIGTERM, from now on; called by the main thread
void leave_signals_to_main();  // in each other thread that computes
bool stop_asked();
void ask_to_stop();
void forget_stop();  // for tests

// Throws interrupted when a stop was asked for.
void stop_here_if_asked();

}

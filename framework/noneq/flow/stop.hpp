// Ctrl-C: a run finishes its step, writes a checkpoint and exits 130. A second Ctrl-C, or the first in a verb that has
// nothing to save, ends the program at once, with 130 and without its temporary files. A terminal that is closed stops
// a run in the same way, however often that is announced, unless the program was started to survive it (nohup).
#pragma once

#include <string>

#include "noneq/core/stop.hpp"

namespace noneq::flow {

// Install handlers for SIGINT, SIGTERM and SIGHUP; the main thread calls both.
void end_tidily_on_signals();  // each ends the program at once
void stop_on_signals();        // the first sets what stop_asked() returns, the second ends the program
void leave_signals_to_main();  // in each other thread that computes
// A line that is printed when a signal ends the program at once. Called by one thread, at most once.
void set_last_line(const std::string& line);

}

// Names the plugin in which the program crashed: a plugin that crashes takes the program with it.
#pragma once

#include <string>

namespace noneq {

// Installs handlers: from now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write one line to the error stream, with
// the node, the plugin and the library at work (at_work.hpp), and then end the program as they would have. Called once,
// by the main thread.
void name_crashes();

// Returns "segmentation fault (SIGSEGV)" and the like; for other signals their number.
std::string signal_name(int number);

// The code of a library, [begin, end), for the handler. The registry adds it; the text must live until the program
// ends.
struct mapped_library {
  const char* file = "";
  const char *begin = nullptr, *end = nullptr;
  const mapped_library* before = nullptr;
};
void know_library(mapped_library& stays_for_ever);

// Returns the file of the library that an address lies in, nullptr when it is not a plugin's. Safe in a signal handler.
const char* library_at(const void* address);

}

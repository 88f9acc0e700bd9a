// A plugin that crashes takes the program with it; what can be done is to say which it was.
#pragma once

#include <string>

namespace noneq {

// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write one line to the error stream, with the node, the plugin
// and the library at work (at_work.hpp), and end the program as they would have. Called once, by the main thread.
void name_crashes();

// "segmentation fault (SIGSEGV)"; for others their number.
std::string signal_name(int number);

// Tells the handler that [begin, end) is the code of this library; the text must stay for ever. Called by the registry.
struct mapped_library {
  const char* file = "";
  const char *begin = nullptr, *end = nullptr;
  const mapped_library* before = nullptr;
};
void know_library(mapped_library& stays_for_ever);

// The file of the library that an address lies in, nullptr when it is not a plugin's. Safe in a signal handler.
const char* library_at(const void* address);

}

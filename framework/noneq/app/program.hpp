// The program behind main(): see framework/main.cpp, which opens it.
#pragma once

#include <map>
#include <string>

namespace noneq::app {

// Parses the command line and runs the verb; an exception becomes one line (or one a problem) on the error stream.
// Returns the exit code: 0 done, 1 the run failed, 2 bad input, 130 interrupted.
int run_program(int argc, char** argv);

// Returns the texts printed for words that need nothing but the program itself: "--version", "--help", "run --help", …
std::map<std::string, std::string> ready_answers();

}

// run_program() by a name that dlsym() finds.
extern "C" int noneq_run_program(int argc, char** argv);

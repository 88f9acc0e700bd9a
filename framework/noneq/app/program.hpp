// The program noneq as a function, so that main() is one line.
#pragma once

namespace noneq {

// Parses the command line, runs the verb; what it throws becomes one line (or one a problem) on the error stream.
// Returns the exit code: 0 done, 1 the run failed, 2 bad input, 130 interrupted.
int run_program(int argc, char** argv);

}

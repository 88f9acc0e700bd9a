// The one line for words behind `noneq` that cannot be taken.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace noneq::app {

// Returns the line for an error of parsing, under the name of the verb that was given, with a newline. A misspelt
// option is named before all that it leaves missing.
std::string argument_problem(const CLI::App& program, const CLI::ParseError& e);

}

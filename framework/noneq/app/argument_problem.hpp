// The one line for words behind `noneq` that cannot be taken.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace noneq::app {

std::vector<std::string> names_of_verbs(const CLI::App& program);

// Returns the text for a word that is none of the verbs of `program`, which was called by these words.
std::string unknown_verb(const CLI::App& program, const std::string& called, const std::string& word);

// Returns the line for an error of parsing, under the name of the verb that was given, with a newline. A misspelt
// option is named before all that it leaves missing.
std::string argument_problem(const CLI::App& program, const CLI::ParseError& e);

}

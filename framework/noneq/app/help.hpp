// The texts of --help.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq::app {

// Returns the formatter of the program and its verbs. The program's own help fits a screen of 24 lines and 80 columns:
// its verbs stand in groups, two a line, each with a short sentence. A verb without a sentence is shown with the
// beginning of its description. The help of a verb is CLI11's.
std::shared_ptr<CLI::FormatterBase> help_formatter();

// The groups of the verbs, in their order; `verbs` are those of the program.
struct verb_group {
  std::string title;
  std::vector<std::pair<std::string, std::string>> verbs;  // name, short sentence
};
std::vector<verb_group> grouped_verbs(const CLI::App& program);

}

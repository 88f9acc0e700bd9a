// Scripts by which shells complete the words of the program. Pure functions of the table of commands and the names of
// plugins, which are those that were installed when the script was made.
#pragma once

#include <string>

#include "noneq/app/command_table.hpp"

namespace noneq::app {

std::string bash_completion(const verb_words& program, const plugin_words& names);
std::string zsh_completion(const verb_words& program, const plugin_words& names);
std::string fish_completion(const verb_words& program, const plugin_words& names);

}

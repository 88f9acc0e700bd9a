// Commands that are printed for people to repeat. Pure.
#pragma once

#include <string>

namespace noneq::app {

// Returns the text as one word of a shell.
std::string shell_word(const std::string& text);

}

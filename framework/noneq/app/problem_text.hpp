// Problems of a file as people read them: the line of each, then the place in the file.
#pragma once

#include <string>

#include "noneq/core/error.hpp"

namespace noneq::app {

// Returns whether a stream is a terminal that takes colours, which NO_COLOR (https://no-color.org) turns off.
bool takes_colours(int stream);

// Returns the columns of a terminal; `otherwise` where the stream is none.
std::size_t columns_of(int stream, std::size_t otherwise);

// Returns each problem as its one line, unchanged, and below it, indented, the line of the file with a caret under the
// word, where the file can be read. Drawn for the error stream.
std::string problem_text(const input_error& e);

}

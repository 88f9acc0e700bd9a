// The error stream, on which a program speaks to people. A message that cannot be written (a full disk, a closed
// terminal or pipe, no stream at all) is lost, and never the work that it is about. Thread-safe.
#pragma once

#include <string_view>

namespace noneq {

// Writes as much of `text` as the error stream takes.
void put_message(std::string_view text) noexcept;

// At the start of a program, before any file is opened. A standard stream that the caller closed becomes one that
// takes and gives nothing, because the next file to be opened would get its number and what is printed. A closed pipe
// becomes an error of the write instead of the end of the program.
void guard_standard_streams();

}

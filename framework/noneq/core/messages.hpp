// The error stream, for messages to people. A message that cannot be written (a full disk, a closed terminal or pipe,
// no stream at all) is dropped without an error, so that the work it is about goes on. Thread-safe.
#pragma once

#include <string_view>

namespace noneq {

// Writes as much of `text` as the error stream takes.
void put_message(std::string_view text) noexcept;

// Called at the start of a program, before any file is opened. Opens a standard stream that the caller closed as one
// that takes and gives nothing, because otherwise the next file would get its number and receive the program's output.
// A closed pipe becomes an error of the write instead of the end of the program.
void guard_standard_streams();

}

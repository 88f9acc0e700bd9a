// The error stream, for messages to people. A message that cannot be written (a full disk, a closed terminal or pipe,
// no stream at all) is dropped without an error, so that the work it is about goes on. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace noneq {

// Writes as much of `text` as the error stream takes.
void put_message(std::string_view text) noexcept;

// Writes a line of its own: below the last message where that ended none, or below the ^C that a terminal shows.
void put_line(const std::string& line);

// Returns what such a line begins with: "\n", or nothing. May be called by a signal handler.
const char* line_break();

// Returns a text as one line that gives a terminal no orders: control characters are escaped, as in \n and \x1b.
std::string on_one_line(std::string_view text);

// Called at the start of a program, before any file is opened. Opens a standard stream that the caller closed as one
// that takes and gives nothing, because otherwise the next file would get its number and receive the program's output.
// A closed pipe becomes an error of the write instead of the end of the program.
void guard_standard_streams();

}

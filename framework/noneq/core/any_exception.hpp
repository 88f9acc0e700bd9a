// Converts any exception to a line that a user can read, because plugins and the libraries below them may throw
// anything. Pure, thread-safe.
#pragma once

#include <exception>
#include <string>

namespace noneq {

// Returns the first line of the exception's text. A failed allocation is reported in bytes where the library states
// their number; an exception that is no std::exception has a line of its own.
std::string text_of(const std::exception_ptr& e);
std::string text_of(const std::exception& e);

}

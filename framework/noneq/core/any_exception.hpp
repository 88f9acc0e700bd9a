// Any exception as a line that a user can read: plugins, and the libraries below them, may throw whatever they like.
// Pure, thread-safe.
#pragma once

#include <exception>
#include <string>

namespace noneq {

// The first line of its text. Memory that could not be had is told in bytes where the library tells how many were asked
// for; what is no std::exception has a line of its own.
std::string text_of(const std::exception_ptr& e);
std::string text_of(const std::exception& e);

}

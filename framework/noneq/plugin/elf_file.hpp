// Whether a shared library is all there. The loader of the system maps a file without a look at its size, and reading
// what a truncated one lacks ends the program by SIGBUS.
#pragma once

#include <filesystem>

namespace noneq {

// Throws noneq::error when the file holds less than its own program headers name. What is no ELF file of this machine
// at all is left to the system's loader, which says so.
void need_whole_library(const std::filesystem::path& file);

}

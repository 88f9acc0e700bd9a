// Reads shared libraries as files, without loading them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace noneq {

// Throws noneq::error when the file holds less than its headers name. The system's loader maps a file without checking
// its size, and reading beyond the end of a truncated one ends the program by SIGBUS. A file that is no ELF file of
// this machine passes: the loader refuses it with a message of its own.
void need_whole_library(const std::filesystem::path& file);

// Returns the bytes of a section; none when the file has no such section or is no ELF file of this machine. Throws as
// need_whole_library() does.
std::string section_of(const std::filesystem::path& library, std::string_view section);

}

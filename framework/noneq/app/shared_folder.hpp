// Files that are installed beside the program and are data to it, such as the parts of a report.
#pragma once

#include <filesystem>
#include <string>

namespace noneq::app {

// Returns the folder share/noneq/<name> of the program that runs, in the folder of its build or where it is installed.
// Throws noneq::error when it is in neither place.
std::filesystem::path shared_folder(const std::string& name);

// Returns the prefix under which the program that runs is installed, with its CMake package; "" when there is none, as
// in the folder of a build.
std::filesystem::path installed_prefix();

}

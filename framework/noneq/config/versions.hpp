// The version of the library behind this room, for `noneq doctor`.
#pragma once

#include <string>

namespace noneq::config {

std::string yaml_cpp_version();  // that the program was built with: the library does not tell its own

}

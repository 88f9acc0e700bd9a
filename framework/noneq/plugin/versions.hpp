// The library behind this room, for `noneq doctor`.
#pragma once

#include <string>

namespace noneq {

std::string boost_version();  // that the program was built with

}

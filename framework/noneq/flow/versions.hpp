// The library behind this room, for `noneq doctor`.
#pragma once

#include <string>

namespace noneq::flow {

std::string tbb_version();  // of the library that is loaded

}

#include "noneq/flow/versions.hpp"

#include <tbb/version.h>

namespace noneq::flow {

std::string tbb_version() { return TBB_runtime_version(); }

}

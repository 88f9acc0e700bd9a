// A folder of its own for the files of one test.
#pragma once

#include "noneq/laws/detail/scratch.hpp"

namespace testing {

using noneq::laws::scratch;

}

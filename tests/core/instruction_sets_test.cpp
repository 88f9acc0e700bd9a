// Says which kernels the tests of this room could not run.
#include "instruction_sets.hpp"

TEST_CASE("what this machine cannot run is named") { testing::print_untested(); }

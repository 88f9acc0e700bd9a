// Says which kernels the tests of this room could not run.
#include "instruction_sets.hpp"
#include "noneq/compute/precision.hpp"

using namespace noneq;
using namespace noneq::compute;
using namespace testing;

TEST_CASE("what this machine cannot run is named") {
  std::vector<std::string> of_bf16;
  if (!multiplies_bf16()) of_bf16.push_back("AVX-512 BF16");
  if (!multiplies_bf16() || multiplies_bf16_without_amx()) of_bf16.push_back("AMX BF16");
  print_untested(of_bf16);
}

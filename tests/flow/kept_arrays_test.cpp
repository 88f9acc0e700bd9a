#include "noneq/flow/kept_arrays.hpp"

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

TEST_CASE("arrays of metrics take no more than a bound, and those of the oldest steps go first") {
  const scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const std::filesystem::path file = folder.path / "metrics.h5";
  const batch kilobyte{0, 0, {{"kl", at::zeros({128}, at::kDouble)}}};
  kept_arrays kept(file, 0, 4096);
  for (std::int64_t step = 1; step <= 9; ++step)
    for (const char* node : {"a", "b"}) kept.add(10 * step, node, kilobyte);
  CHECK(storage::hdf5_reader(file).datasets() == std::vector<std::string>{"a/80/kl", "a/90/kl", "b/80/kl", "b/90/kl"});
  // A run that goes on keeps what it finds, and one event may be larger than the bound.
  kept_arrays again(file, 90, 512);
  again.add(100, "a", kilobyte);
  CHECK(storage::hdf5_reader(file).datasets() == std::vector<std::string>{"a/100/kl"});
}

TEST_CASE("arrays of metrics are kept of so many steps") {
  const scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const std::filesystem::path file = folder.path / "metrics.h5";
  kept_arrays kept(file, 0, 4096, 2);
  for (std::int64_t step = 1; step <= 4; ++step)
    for (const char* node : {"a", "b"}) kept.add(step, node, {0, 0, {{"kl", at::zeros({1})}}});
  CHECK(storage::hdf5_reader(file).datasets() == std::vector<std::string>{"a/3/kl", "a/4/kl", "b/3/kl", "b/4/kl"});
}

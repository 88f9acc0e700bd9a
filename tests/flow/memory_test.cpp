#include <fstream>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;

static std::int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  return 0;
}

static void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// A pass over the file by a pipeline whose tokens hold at most `prefetch` + 1 batches.
static std::int64_t growth_over(const std::filesystem::path& file, std::int64_t steps) {
  const std::vector<std::string> changes{"graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 64}",
                                         "graph.trainer.steps=" + std::to_string(steps), "graph.model.hidden=[8]", "graph.trainer.prefetch=2"};
  run_small({changes[0], "graph.trainer.steps=2", "graph.model.hidden=[8]", "graph.trainer.prefetch=2"});
  reset_peak();
  const std::int64_t before = peak_kilobytes();
  run_small(changes);
  return peak_kilobytes() - before;
}

TEST_CASE("memory is flat over a dataset far larger than the token budget") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "large.h5";
  const std::int64_t width = 16384, rows = 5120;  // 336 MB; a batch is 4 MB
  {
    hdf5_writer w(file);
    for (std::int64_t k = 0; k < rows; k += 256) w.append("x", at::randn({256, width}));
    w.close();
  }
  CHECK(growth_over(file, rows / 64) < 150'000);
}

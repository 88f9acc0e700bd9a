#include <fstream>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace testing;

static std::int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  return 0;
}

static void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// The peak of a run whose tokens hold at most `prefetch` + 1 batches.
static std::int64_t peak_over(const std::filesystem::path& file, std::int64_t steps) {
  reset_peak();
  run_small({"graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 64}",
             "graph.trainer.steps=" + std::to_string(steps), "graph.model.hidden=[8]", "graph.trainer.prefetch=2"});
  return peak_kilobytes();
}

TEST_CASE("memory is flat over a dataset far larger than the token budget") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "large.h5";
  const std::int64_t width = 16384, rows = 5120;  // 336 MB; a batch is 4 MB
  {
    storage::hdf5_writer w(file);
    for (std::int64_t k = 0; k < rows; k += 256) w.append("x", at::randn({256, width}));
    w.close();
  }
  const std::int64_t first_tenth = peak_over(file, rows / 64 / 10), whole = peak_over(file, rows / 64);
  CHECK(whole - first_tenth < 100'000);  // kB: what allocators keep, not the 300 MB that passed through
}

TEST_CASE("measuring takes the same memory whatever the number of rows") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "wide.h5";
  const std::int64_t width = 16384, rows = 1536;
  {
    storage::hdf5_writer w(file);
    for (std::int64_t k = 0; k < rows; k += 256) w.append("x", at::randn({256, width}));
    w.close();
  }
  const auto peak_of = [&](std::int64_t samples) {
    reset_peak();
    run_small({"graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 32}", "graph.trainer.steps=1",
               "graph.model.hidden=[8]",
               "graph.bound={plugin: metric.bound, of: model, times: 1, chunk: 16, samples: " +
                   std::to_string(samples) + "}"});
    return peak_kilobytes();
  };
  const std::int64_t few = peak_of(128), many = peak_of(rows);  // 8 and 100 MB of rows, 1 MB a block
  CHECK(many - few < 60'000);
}

TEST_CASE("sampling takes the same memory whatever the count") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "wide.h5";
  {
    storage::hdf5_writer w(file);
    w.append("x", at::randn({64, 16384}));
    w.close();
  }
  const auto peak_of = [&](std::int64_t count) {
    reset_peak();
    scratch_folder out;
    run_small(
        {"graph.loader={plugin: loader.hdf5, file: " + file.string() + ", batch: 32}", "graph.trainer.steps=1",
         "graph.model.hidden=[8]",
         "graph.sampler={plugin: sampler.ddim, of: model, steps: 2, chunk: 32, count: " + std::to_string(count) + "}",
         "graph.out={plugin: writer.hdf5, in: sampler, file: samples.h5}"},
        2, out);
    return peak_kilobytes();
  };
  const std::int64_t few = peak_of(128), many = peak_of(2560);  // 8 and 168 MB of samples, 2 MB a chunk
  CHECK(many - few < 60'000);
}

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

static const std::vector<std::string> with_all{
    "graph.bound={plugin: metric.bound, of: model, samples: 64, every: 8}",
    "graph.sampler={plugin: sampler.ancestral, of: model, count: 50, chunk: 16, every: 12}",
    "graph.out={plugin: writer.hdf5, in: sampler, file: samples.h5}"};

TEST_CASE("samplers and metrics run at their steps and at the end, and do not disturb training") {
  scratch_folder folder;
  const auto beside = run_small(with_all, 2, folder);
  CHECK(differences(beside.saved, run_small({}).saved) == "");
  CHECK(std::filesystem::exists(folder.path / "samples-step-12.h5"));
  const storage::hdf5_reader samples(folder.path / "samples.h5");
  CHECK(samples.layout("samples").shape == sizes{50, 2});
  CHECK(samples.attributes("/").at("sampler") == "ancestral");
  std::vector<std::int64_t> steps;
  std::istringstream lines(storage::read_file(folder.path / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    for (const char* key : {"step", "name", "value", "unit", "stderr"}) CHECK(record.contains(key));
    if (record.at("name") == "K") steps.push_back(record.at("step"));
  }
  CHECK(steps == std::vector<std::int64_t>{8, 16, 24});
}

TEST_CASE("samples depend on neither chunks nor threads") {
  scratch_folder a, b;
  auto changed = with_all;
  changed.push_back("graph.sampler.chunk=7");
  run_small(with_all, 1, a);
  run_small(changed, 2, b);
  const Tensor x = storage::hdf5_reader(a.path / "samples.h5").rows("samples", 0, 50),
               y = storage::hdf5_reader(b.path / "samples.h5").rows("samples", 0, 50);
  CHECK(at::allclose(x, y, 1e-4, 1e-4));  // the network's sums round differently in other batches
}

TEST_CASE("the default chunk lets many threads share few samples, and follows nothing but their count") {
  const plan p = small_plan({"graph.sampler={plugin: sampler.ancestral, of: model}"});
  auto& s = p.node("sampler").as<sampler>();
  const auto chunk_of = [&](std::int64_t count) { return s.count = count, s.chunk_size(); };
  CHECK(chunk_of(1) == 16);
  CHECK(chunk_of(64) == 16);  // four threads
  CHECK(chunk_of(2048) == 32);
  CHECK(chunk_of(1'000'000) == 256);
  s.chunk = 7;
  CHECK(chunk_of(64) == 7);
}

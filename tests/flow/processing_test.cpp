// Pipelines without a trainer, made in units: bytes do not depend on parts and interruptions, and nothing made
// twice, lost or mixed.
#include <random>

#include "flow/job.hpp"
#include "noneq/flow/folder_lock.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

TEST_CASE("1, 2 and 7 parts, interrupted at any units, give the bytes of one process that was not") {
  scratch_folder data, whole;
  const fs::path file = integers_file(data.path);
  const auto changes = noisy_copy(file);
  process_part(changes, whole.path);
  const fs::path expected = whole.path / "out.h5";
  CHECK(all_rows(expected, "x0").sizes() == at::IntArrayRef({1000, 6}));
  CHECK(all_rows(expected, "row").equal(at::arange(1000, at::kLong)));
  CHECK_FALSE(fs::exists(whole.path / "units"));
  std::mt19937 random(7);
  for (const std::int64_t parts : {1, 2, 7}) {
    CAPTURE(parts);
    scratch_folder folder;
    for (std::int64_t round = 0; round < 4; ++round)
      for (std::int64_t k = 1; k <= parts; ++k)
        process_until(units_made(folder.path) + 1 + static_cast<std::int64_t>(random() % 3), changes, folder.path,
                      {k, parts, "--part"});
    for (std::int64_t k = 1; k <= parts; ++k) process_part(changes, folder.path, {k, parts, "--part"});
    if (parts > 1) {
      CHECK(units_made(folder.path) == 16);  // none twice
      merge(folder.path, {});
    }
    same_data(folder.path / "out.h5", expected);
    CHECK_FALSE(fs::exists(folder.path / "units"));
  }
}

TEST_CASE("parts may be other ones than before, and one process completes what parts began") {
  scratch_folder data, whole, folder;
  const fs::path file = integers_file(data.path);
  const auto changes = noisy_copy(file);
  process_part(changes, whole.path);
  process_part(changes, folder.path, {2, 3, "--part"});
  process_part(changes, folder.path, {5, 5, "--part"});
  process_part(changes, folder.path);
  same_data(folder.path / "out.h5", whole.path / "out.h5");
}

TEST_CASE("batches of the writer's chunks, and rows beside the batch's, come back in units too") {
  scratch_folder data, folder;
  const fs::path file = integers_file(data.path);
  for (const std::string chunk : {"1", "16", "64"}) {
    fs::remove_all(folder.path);
    process_part(noisy_copy(file, ", chunk: " + chunk), folder.path, {1, 2, "--part"});
    process_part(noisy_copy(file, ", chunk: " + chunk), folder.path, {2, 2, "--part"});
    merge(folder.path, {});
    CHECK(all_rows(folder.path / "out.h5", "row").equal(at::arange(1000, at::kLong)));
    CHECK(storage::hdf5_reader(folder.path / "out.h5").layout("x0").chunk == sizes{std::stol(chunk), 6});
  }
}

TEST_CASE("chunks that would end within a unit are refused before anything is written") {
  scratch_folder data, folder;
  const fs::path file = integers_file(data.path);
  for (const std::string chunk : {"3", "48", "65", "128"}) {
    const std::string message = refusal_of([&] { process_part(noisy_copy(file, ", chunk: " + chunk), folder.path); });
    CHECK_MESSAGE(has(message, "out.chunk: got " + chunk + ", need a divisor of the 64 rows of a unit"), message);
  }
  CHECK_FALSE(fs::exists(folder.path));
}

TEST_CASE("another run in the folder takes the units of a job and its manifest with it, and only by force") {
  scratch_folder data, folder;
  const auto job = noisy_copy(integers_file(data.path));
  process_part(job, folder.path);
  std::vector<std::string> one_pass = job;
  one_pass.front() =
      "graph.rest={plugin: metric.bias, in: [scaled, noised], as: {noised.x0: truth, scaled.x0: samples}}";
  run_options other{folder.path, if_there::replace, 2, true};
  run(small_plan(one_pass, pass), other);
  CHECK_FALSE(fs::exists(folder.path / "manifest.json"));
  other.policy = if_there::refuse;
  run(small_plan(one_pass, pass), {folder.path, if_there::replace, 2, true});
  CHECK(has(refusal_of([&] { process_part(job, folder.path); }), "holds another run"));
  process_part(job, folder.path, {}, if_there::replace);
  CHECK(all_rows(folder.path / "out.h5", "row").equal(at::arange(1000, at::kLong)));
  CHECK(has(refusal_of([&] {
              run(small_plan(), {folder.path, if_there::refuse, 2, true});
            }),
            "holds another run, of a processing pipeline"));
}

TEST_CASE("a job whose pipeline was written before its manifest could be goes on") {
  scratch_folder data, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, folder.path, {1, 3, "--part"});
  fs::remove(folder.path / "manifest.json");
  process_part(changes, folder.path, {2, 3, "--part"});
  process_part(changes, folder.path);
  CHECK(all_rows(folder.path / "out.h5", "row").equal(at::arange(1000, at::kLong)));
}

TEST_CASE("a transform that changes the shape of several tensors does so in a pass") {
  scratch_folder data, folder;
  fs::create_directories(data.path);
  const Tensor x = noneq::stream(1).normal({40, 6, 8}), low = noneq::stream(2).normal({40, 3, 4});
  {
    storage::hdf5_writer out(data.path / "a.h5");
    out.write("x", x);
    out.write("low", low);
    out.close();
  }
  process_part({rows_of("rows", data.path / "a.h5", ", read: {x: x, low: low}"),
                "graph.first={plugin: transform.channels, in: rows, from: none, fields: [x0, low]}",
                "graph.out={plugin: writer.hdf5, in: first, file: out.h5, datasets: [low, x0]}"},
               folder.path);
  CHECK(all_rows(folder.path / "out.h5", "x0").equal(x.unsqueeze(1)));
  CHECK(all_rows(folder.path / "out.h5", "low").equal(low.unsqueeze(1)));
}

TEST_CASE("a finished job does nothing, not even look for its data") {
  scratch_folder data, folder;
  const fs::path file = integers_file(data.path);
  process_part(noisy_copy(file), folder.path);
  const auto written = fs::last_write_time(folder.path / "out.h5");
  fs::remove(file);
  process_part(noisy_copy(file), folder.path);
  process_part(noisy_copy(file), folder.path, {1, 4, "--part"});
  process_part(noisy_copy(file), folder.path, {}, if_there::resume);
  CHECK(fs::last_write_time(folder.path / "out.h5") == written);
  CHECK(status_of(folder.path).finished);
}

TEST_CASE("a job goes on only with the data, weights and parameters that it began with; what changed is named") {
  scratch_folder data, other, folder;
  const fs::path file = integers_file(data.path);
  const auto changes = noisy_copy(file);
  process_part(changes, folder.path, {1, 2, "--part"});
  const std::string before = storage::read_file(folder.path / "manifest.json");
  const auto refused = [&](std::vector<std::string> with) {
    std::vector<std::string> all = changes;
    all.insert(all.end(), with.begin(), with.end());
    return refusal_of([&] { process_part(all, folder.path, {2, 2, "--part"}); });
  };
  CHECK(has(refused({"graph.scaled.per=dim"}), "cannot go on: scaled.per was all, is dim; give --out another folder"));
  CHECK(has(refused({"seed=5"}), "cannot go on: seed was 4, is 5"));
  CHECK(has(refused({"unit=128"}), "cannot go on: unit was 64, is 128"));
  CHECK(has(refused({"graph.out.gzip=3"}), "out.gzip was 2, is 3"));
  const fs::path changed = integers_file(other.path, 6);
  CHECK(has(refused({"graph.data.file=" + changed.string()}), "cannot go on: the data of data had contents "));
  // Only some rows of large data are compared, so a file that was written again counts as another one.
  manifest large;
  large.files["a.h5"] = {{"bytes", 1 << 30}, {"time", "2026-01-01T00:00:00Z"}};
  manifest later = large;
  CHECK(flow::changes(large, later).empty());
  later.files["a.h5"]["time"] = "2026-01-02T00:00:00Z";
  REQUIRE(flow::changes(large, later).size() == 1);
  CHECK(has(flow::changes(large, later).front(), "and its rows may be others"));
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(100));  // small data is compared whole
  CHECK(storage::read_file(folder.path / "manifest.json") == before);
  // The contents count, not the place.
  fs::create_directories(other.path / "moved");
  fs::copy_file(file, other.path / "moved/n.h5");
  CHECK(refused({"graph.data.file=" + (other.path / "moved/n.h5").string()}) == "");
  merge(folder.path, {});
}

TEST_CASE("samples go on only with the weights that drew the first") {
  scratch_folder trained, data, folder;
  run_small({}, 2, trained);
  const fs::path file = data_file(data.path, 100);
  const std::vector<std::string> changes{
      "unit=32", rows_of("data", file, ", dataset: x"),
      fmt::format("graph.drawn={{plugin: sampler.ancestral, in: data, of: '{}'}}", trained.path.string()),
      "graph.out={plugin: writer.hdf5, in: drawn, file: out.h5, names: {samples: x}}"};
  scratch_folder whole;
  process_part(changes, whole.path);
  process_part(changes, folder.path, {1, 2, "--part"});
  const Tensor all = all_rows(whole.path / "out.h5", "x");
  {
    const auto units = unit_folder(folder.path).units_of("out.h5");
    REQUIRE(units.size() == 2);
  }
  scratch_folder second;
  fs::copy(folder.path, second.path, fs::copy_options::recursive);
  process_part(changes, folder.path, {2, 2, "--part"});
  merge(folder.path, {});
  CHECK(all_rows(folder.path / "out.h5", "x").equal(all));
  const auto attributes = storage::hdf5_reader(folder.path / "out.h5").attributes("/");
  for (const char* name : {"noneq", "pipeline", "seed", "inputs", "checkpoint_crc32", "run of drawn"})
    CHECK_MESSAGE(attributes.count(name) == 1, name);
  run_small({"graph.trainer.steps=30"}, 2, trained, if_there::resume);
  const std::string message = refusal_of([&] { process_part(changes, second.path, {2, 2, "--part"}); });
  CHECK_MESSAGE(has(message, "cannot go on: the weights of drawn had the checksum "), message);
}

TEST_CASE("two processes on one part: the second is refused, and so is one that cuts the job otherwise") {
  scratch_folder data, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  const folder_lock first(unit_folder(folder.path).of({1, 2}));
  const std::string twice = refusal_of([&] { process_part(changes, folder.path, {1, 2, "--part"}); });
  CHECK_MESSAGE(has(twice, "part-1-of-2: is in use by process "), twice);
  const std::string other = refusal_of([&] { process_part(changes, folder.path, {1, 3, "--part"}); });
  CHECK_MESSAGE(has(other, "while this process is to do part 1/3"), other);
  process_part(changes, folder.path, {2, 2, "--part"});
}

TEST_CASE("--force begins a job anew, and a part may not force") {
  scratch_folder data, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, folder.path, {1, 2, "--part"});
  CHECK(has(refusal_of([&] {
              process_part(changes, folder.path, {2, 2, "--part"}, if_there::replace);
            }),
            "--force would remove the units of other parts"));
  auto other = changes;
  other.push_back("seed=9");
  process_part(other, folder.path, {}, if_there::replace);
  process_part(other, folder.path, {}, if_there::replace);
  CHECK(status_of(folder.path).finished);
}

TEST_CASE("keys of processing are refused where they have no meaning, and units that cut batches") {
  scratch_folder data;
  const fs::path file = integers_file(data.path);
  const std::string out = "graph.out={plugin: writer.hdf5, in: data, file: o.h5}";
  CHECK(has(problems_of({"unit=64"}), "unit: has no meaning for a pipeline that trains"));
  CHECK(has(problems_of_pass({"unit=50", rows_of("data", file, ", dataset: k"), out}),
            "unit: got 50, need a multiple of the 32 rows of a batch, such as 64"));
  CHECK(has(problems_of_pass({"not_finite=retri", rows_of("data", file, ", dataset: k"), out}),
            "need one of stop, keep, retry, did you mean 'retry'?"));
}

TEST_CASE("sinks that cannot be made in parts are named, with the remedy") {
  scratch_folder trained, data, folder;
  run_small({}, 2, trained);
  const fs::path file = data_file(data.path, 64);
  const std::vector<std::string> changes{
      rows_of("data", file, ", dataset: x"),
      fmt::format("graph.bound={{plugin: metric.bound, in: data, of: '{}'}}", trained.path.string())};
  const std::string message = refusal_of([&] { process_part(changes, folder.path, {1, 2, "SLURM_PROCID"}); });
  CHECK_MESSAGE(
      has(message, "SLURM_PROCID states part 1/2 of the run, but bound (metric.bound) cannot be made in parts"),
      message);
  CHECK_FALSE(fs::exists(folder.path / "pipeline.yaml"));
  process_part(changes, folder.path);
}

// Pipelines without a trainer, made in units: the same bytes whatever the parts and interruptions, and nothing made
// twice, lost or mixed.
#include <random>
#include <thread>

#include "doctest.hpp"
#include "flow/passes.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/merging.hpp"
#include "noneq/flow/processing.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

// 1000 rows of six integers: 16 units of 64 rows, the last of 40.
fs::path integers_file(const fs::path& folder, std::int64_t seed = 5, std::int64_t rows = 1000) {
  fs::create_directories(folder);
  storage::hdf5_writer out(folder / "numbers.h5");
  out.write("k", (noneq::stream(static_cast<std::uint64_t>(seed)).uniform({rows, 6}) * 256).to(at::kInt));
  out.close();
  return folder / "numbers.h5";
}

// Noise of one step on each row, and then a mean and scale that are learned: every kind of state that rows may depend
// on.
std::vector<std::string> noisy_copy(const fs::path& file, const std::string& writer = ", gzip: 2") {
  return {"unit=64", rows_of("data", file, ", dataset: k"), "graph.noised={plugin: transform.dequantise, in: data}",
          "graph.scaled={plugin: transform.standardise, in: noised}",
          "graph.out={plugin: writer.hdf5, in: scaled, file: out.h5" + writer + "}"};
}

void process_part(const std::vector<std::string>& changes, const fs::path& folder, const job_part& part = {},
                  if_there policy = if_there::refuse) {
  run_options options{folder, policy, 2, true};
  options.part = part;
  run(small_plan(changes, pass), options);
}

std::string refusal_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

// Equal rows, and equal stored bytes of every chunk.
void same_data(const fs::path& a, const fs::path& b) {
  const auto names = storage::hdf5_reader(a).datasets();
  REQUIRE(names == storage::hdf5_reader(b).datasets());
  CHECK(std::count(names.begin(), names.end(), "noneq/crc32/x0") == 1);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(all_rows(a, name).equal(all_rows(b, name)));
  }
}

std::int64_t units_made(const fs::path& folder) {
  std::int64_t n = 0;
  const unit_folder units(folder);
  for (const auto& part : units.parts())
    for (const fs::path& process : units.processes(part.folder))
      n += static_cast<std::int64_t>(storage::read_journal(process / "out.h5").size());
  return n;
}

// Stops the run when this many units are there, or lets it end.
void process_until(std::int64_t enough, const std::vector<std::string>& changes, const fs::path& folder,
                   const job_part& part = {}) {
  std::atomic<bool> done = false;
  std::thread watch([&] {
    while (!done && units_made(folder) < enough) std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (!done) ask_to_stop();
  });
  try {
    process_part(changes, folder, part);
  } catch (const interrupted&) {
  }
  done = true;
  watch.join();
  forget_stop();
}

}

TEST_CASE("parts are read from words and from schedulers, counted from 1") {
  CHECK(read_part("2/16").index == 2);
  CHECK(read_part("16/16").of == 16);
  for (const char* wrong : {"0/0", "17/16", "0/16", "1", "a/b", "1/2/3", "-1/4", "/", "1/", " 1/2"})
    CHECK_MESSAGE(refusal_of([&] { read_part(wrong); }) != "", wrong);
  CHECK(has(refusal_of([] { read_part("17/16"); }), "--part got '17/16', need a part from 1/16 to 16/16"));
  const auto of = [](std::map<std::string, std::string> variables) {
    const auto part = part_of_environment([&](const char* name) -> const char* {
      const auto it = variables.find(name);
      return it == variables.end() ? nullptr : it->second.c_str();
    });
    return part ? part->text() : "none";
  };
  CHECK(of({}) == "none");
  CHECK(of({{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}}) == "4/4");
  CHECK(of({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}) == "1/4");
  CHECK(of({{"OMPI_COMM_WORLD_RANK", "5"},
            {"OMPI_COMM_WORLD_SIZE", "8"},
            {"SLURM_PROCID", "0"},
            {"SLURM_NTASKS", "2"}}) == "6/8");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_COUNT", "4"}, {"SLURM_ARRAY_TASK_MIN", "5"}}) == "3/4");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "20"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_MIN", "0"},
            {"SLURM_ARRAY_TASK_STEP", "10"}}) == "3/3");
  CHECK(of({{"SLURM_ARRAY_TASK_ID", "1"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_MIN", "0"},
            {"SLURM_PROCID", "1"},
            {"SLURM_NTASKS", "2"}}) == "4/6");
  CHECK(has(refusal_of([&] {
              of({{"SLURM_PROCID", "4"}, {"SLURM_NTASKS", "4"}});
            }),
            "SLURM_PROCID got 4 of SLURM_NTASKS 4"));
  CHECK(has(refusal_of([&] {
              of({{"PMI_RANK", "x"}, {"PMI_SIZE", "4"}});
            }),
            "PMI_RANK got 'x', need an integer; give --part"));
}

TEST_CASE("the units of all parts are all units, each once, and parts differ by one unit at most") {
  for (const std::int64_t units : {0, 1, 5, 16, 97})
    for (const std::int64_t parts : {1, 2, 7, 16, 100}) {
      std::int64_t next = 0;
      for (std::int64_t k = 1; k <= parts; ++k) {
        const unit_run mine = units_of({k, parts}, units);
        CHECK(mine.begin == next);
        CHECK(mine.end - mine.begin >= units / parts);
        CHECK(mine.end - mine.begin <= (units + parts - 1) / parts);
        next = mine.end;
      }
      CHECK(next == units);
    }
  const stream_rows s{1000, 32, 64};
  CHECK(s.units() == 16);
  CHECK(s.rows_of(15) == 40);
  CHECK(s.first_batch(15) == 30);
  CHECK(s.end_batch(15) == 32);
}

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

TEST_CASE("a merge with missing units names their rows and writes nothing") {
  scratch_folder data, folder;
  process_part(noisy_copy(integers_file(data.path)), folder.path, {2, 3, "--part"});
  for (const merge_options& how : {merge_options{}, merge_options{folder.path / "m.h5", "", false},
                                   merge_options{folder.path / "m.h5", "", true}}) {
    const std::string message = refusal_of([&] { merge(folder.path, how); });
    CHECK_MESSAGE(has(message, "has 5 of 16 units, missing are rows 0 … 319, 640 … 999; run the parts"), message);
  }
  CHECK_FALSE(fs::exists(folder.path / "m.h5"));
  CHECK_FALSE(fs::exists(folder.path / "out.h5"));
  const job_status s = status_of(folder.path);
  CHECK(s.rows == 1000);
  CHECK(s.done == 320);
  REQUIRE(s.parts.size() == 1);
  CHECK(s.parts.front().part == "2/3");
  CHECK(s.parts.front().at_work == "");
}

TEST_CASE("a merged file, a virtual one and the file of one process have the same rows") {
  scratch_folder data, whole, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, whole.path);
  for (std::int64_t k = 1; k <= 3; ++k) {
    process_until(units_made(folder.path) + 2, changes, folder.path, {k, 3, "--part"});
    process_part(changes, folder.path, {k, 3, "--part"});
  }
  merge(folder.path, {folder.path / "merged.h5"});
  merge(folder.path, {folder.path / "virtual.h5", "out", true});
  same_data(folder.path / "merged.h5", whole.path / "out.h5");
  CHECK(all_rows(folder.path / "virtual.h5", "x0").equal(all_rows(whole.path / "out.h5", "x0")));
  CHECK(has(refusal_of([&] {
              merge(folder.path, {folder.path / "m.h5", "oat"});
            }),
            "has no writer 'oat', did you mean 'out'?"));
  std::int64_t units = 0;
  CHECK(verify(folder.path, units).empty());
  CHECK(units == 16);
  CHECK(verify(folder.path / "merged.h5", units).empty());
  CHECK(units == 16);
}

TEST_CASE("several writers and several streams of rows are one job") {
  scratch_folder data, folder;
  const fs::path a = integers_file(data.path / "a"), b = integers_file(data.path / "b", 8, 300);
  const std::vector<std::string> changes{"unit=96",
                                         rows_of("a", a, ", dataset: k"),
                                         rows_of("b", b, ", dataset: k"),
                                         "graph.scaled={plugin: transform.standardise, in: a}",
                                         "graph.one={plugin: writer.hdf5, in: scaled, file: sub/one.h5}",
                                         "graph.two={plugin: writer.hdf5, in: scaled, file: two.h5, dtype: float16}",
                                         "graph.three={plugin: writer.hdf5, in: b, file: three.h5}"};
  process_part(changes, folder.path, {2, 2, "--part"});
  CHECK(has(refusal_of([&] { merge(folder.path, {folder.path / "m.h5"}); }), "has the writers"));
  process_part(changes, folder.path);
  CHECK(all_rows(folder.path / "sub/one.h5", "x0").size(0) == 1000);
  CHECK(at::allclose(all_rows(folder.path / "sub/one.h5", "x0"), all_rows(folder.path / "two.h5", "x0").to(at::kDouble),
                     1e-3, 1e-3));
  CHECK((all_rows(folder.path / "two.h5", "x0").scalar_type() == at::kHalf));
  CHECK(all_rows(folder.path / "three.h5", "x0").equal(all_rows(b, "k")));
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

TEST_CASE("an estimate states shapes and bytes of the whole output and leaves nothing") {
  scratch_folder data, folder;
  const fs::path file = integers_file(data.path);
  run_options options{folder.path, if_there::refuse, 2, true};
  const estimate e = measured_estimate(small_plan(noisy_copy(file, ""), pass), options);
  REQUIRE(e.outputs.size() == 2);
  CHECK(e.outputs.back().dataset == "x0");
  CHECK(e.outputs.back().shape == sizes{1000, 6});
  CHECK(e.outputs.back().bytes == doctest::Approx(1000 * 6 * 8));
  CHECK(e.rows == 1000);
  CHECK(e.rows_a_second > 0);
  CHECK_FALSE(fs::exists(folder.path));
  CHECK(std::distance(fs::directory_iterator(data.path), {}) == 1);
}

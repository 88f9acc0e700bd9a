// The files that units become, and what they would cost.
#include "flow/job.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

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

TEST_CASE("a virtual file takes the rows of a unit from where they are, also when a process made a unit again") {
  scratch_folder data, whole, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, whole.path);
  // The journal of a process that was killed lacks its last units, though their bytes are there and its file is closed.
  process_part(changes, folder.path, {1, 2, "--part"});
  const fs::path first = folder.path / "units" / "part-1-of-2" / "1",
                 second = folder.path / "units" / "part-1-of-2" / "2";
  const fs::path journal = storage::journal_of(first / "out.h5");
  const std::string lines = storage::read_file(journal);
  std::size_t cut = 0;
  for (int k = 0; k < 5; ++k) cut = lines.find('\n', cut) + 1;
  storage::write_atomically(journal, lines.substr(0, cut));
  process_part(changes, folder.path, {1, 2, "--part"});
  REQUIRE(fs::exists(second / "out.h5"));
  storage::write_atomically(journal, lines);  // now both have units 5 to 7
  process_part(changes, folder.path, {2, 2, "--part"});
  merge(folder.path, {folder.path / "virtual 100%b.h5", "", true});
  CHECK(all_rows(folder.path / "virtual 100%b.h5", "x0").equal(all_rows(whole.path / "out.h5", "x0")));
}

TEST_CASE("a journal that cannot be read is an error, because units are removed where there is none") {
  scratch_folder data, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, folder.path, {1, 2, "--part"});
  const fs::path journal = storage::journal_of(folder.path / "units" / "part-1-of-2" / "1" / "out.h5");
  fs::remove(journal);
  fs::create_directory(journal);
  CHECK(refusal_of([&] { process_part(changes, folder.path, {1, 2, "--part"}); }) != "");
  CHECK(fs::exists(journal));
}

TEST_CASE("a writer is chosen for a file of its own only, and a file that was moved is missed by its name") {
  scratch_folder data, folder;
  const auto changes = noisy_copy(integers_file(data.path));
  process_part(changes, folder.path, {1, 1, "--part"});
  std::int64_t units = 0;
  fs::rename(folder.path / "out.h5", folder.path / "moved.h5");
  CHECK(has(refusal_of([&] { verify(folder.path, units); }), "out.h5: is not there any more"));
  CHECK(verify(folder.path / "moved.h5", units).empty());
  scratch_folder again;
  process_part(changes, again.path, {1, 2, "--part"});
  CHECK(has(refusal_of([&] { merge(again.path, {{}, "oat"}); }), "need --out FILE beside --writer"));
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

// What --force takes away of the run that it replaces, and what it leaves.
#include "noneq/storage/files.hpp"
#include "tiny.hpp"

using namespace testing;
using std::filesystem::exists;

TEST_CASE("no file of a replaced run is left, and no file of anybody else is lost") {
  const scratch place;
  std::string text = tiny_with("count: 16}", "count: 16, every: 20}");
  text += "  other: {plugin: writer.hdf5, in: sampler, file: below/other.h5}\n";
  put_text(place / "p.yaml", text);
  put_text(place / "q.yaml", tiny_pipeline.substr(0, tiny_pipeline.find("  sampler:")));
  const surroundings here{.folder = place.folder()};
  REQUIRE(program({"run", "p.yaml", "--out", "run", "--quiet"}, here).code == 0);
  for (const char* file : {"run/samples-step-20.h5", "run/samples-step-40.h5", "run/samples.h5", "run/below/other.h5"})
    CHECK(exists(place / file));
  put_text(place / "run/samples-step-20.h5", "edited");
  put_text(place / "run/notes.txt", "mine");

  const outcome replaced = program({"run", "q.yaml", "--out", "run", "--force"}, here);
  CHECK_MESSAGE(replaced.code == 0, replaced.err);
  CHECK(says(replaced.err, "run/samples-step-20.h5: was changed since the run that is replaced wrote it; it stays\n"));
  for (const char* file : {"run/samples-step-40.h5", "run/samples.h5", "run/below/other.h5", "run/files.jsonl"})
    CHECK_MESSAGE(!exists(place / file), file);
  CHECK(text_of(place / "run/samples-step-20.h5") == "edited");
  CHECK(text_of(place / "run/notes.txt") == "mine");
}

TEST_CASE("a run that cannot start leaves the one it would replace as it was") {
  const scratch place;
  copy_run(place / "run");
  put_text(place / "p.yaml", tiny_with("{plugin: loader.swiss_roll, batch: 32}", "{plugin: loader.hdf5, file: no.h5}"));
  const outcome refused = program({"run", "p.yaml", "--out", "run", "--force", "--quiet"}, {.folder = place.folder()});
  CHECK(refused.code == 2);
  for (const auto& file : std::filesystem::recursive_directory_iterator(finished_run() / "tiny"))
    if (file.is_regular_file())
      CHECK(text_of(file) == text_of(place.folder() / "run" / file.path().lexically_relative(finished_run() / "tiny")));
}

TEST_CASE("a list of files that names others than the run's removes none of them") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  copy_run(place / "run");
  put_text(place / "p.yaml", tiny_pipeline);
  std::filesystem::create_directories(place / "other");
  put_text(place / "other/precious", "abc");  // CRC-32 352441c2
  std::filesystem::create_directory_symlink(place / "other", place / "run/link");
  std::filesystem::create_symlink(place / "other/precious", place / "run/linked");
  put_text(place / "run/own", "abc");
  std::string list;
  for (const std::string& name :
       {(place / "other/precious").string(), std::string("../other/precious"), std::string("x/../../other/precious"),
        std::string("link/precious"), std::string("linked"), std::string("./own"), std::string(""), std::string(".")})
    list += R"({"file": ")" + name + R"(", "bytes": 3, "crc32": "352441c2"})" + "\n";
  put_text(place / "run/files.jsonl", list);
  const outcome o = program({"run", "p.yaml", "--out", "run", "--force", "--quiet"}, here);
  CHECK_MESSAGE(o.code == 0, o.err);
  CHECK(text_of(place / "other/precious") == "abc");
  CHECK(std::filesystem::is_symlink(place / "run/linked"));
  CHECK(!exists(place / "run/own"));
}

TEST_CASE("what a killed run had half written goes with the next, and nobody else's") {
  const scratch place;
  const surroundings here{.folder = place.folder()};
  put_text(place / "p.yaml", tiny_pipeline);
  for (const std::string policy : {"--resume", "--force"}) {
    CAPTURE(policy);
    std::filesystem::remove_all(place / "run");
    copy_run(place / "run");
    std::filesystem::create_directories(place / "run/reference");
    const std::vector<std::string> stale{"samples.h5.noneq-tmp-123-0", "samples-step-20.h5.noneq-tmp-123-1",
                                         "metrics.jsonl.noneq-tmp-123-2", "reference/pca-7.h5.noneq-tmp-999999999-0"},
        others{"notes.noneq-tmp"};
    const noneq::storage::atomic_file being_written(place / "run/mine.h5");
    for (const auto& files : {stale, others})
      for (const std::string& file : files) put_text(place.folder() / "run" / file, "half");
    put_text(place / "run/reference/pca-7.h5", "kept");
    const outcome o = program({"run", "p.yaml", "--out", "run", policy, "--quiet"}, here);
    CHECK_MESSAGE(o.code == 0, o.err);
    for (const std::string& file : stale) CHECK_MESSAGE(!exists(place.folder() / "run" / file), file);
    for (const std::string& file : others) CHECK_MESSAGE(exists(place.folder() / "run" / file), file);
    CHECK(exists(being_written.temporary()));
    CHECK(exists(place / "run/reference") == (policy == "--resume"));
  }
}

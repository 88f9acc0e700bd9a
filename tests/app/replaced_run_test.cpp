// What --force takes away of the run that it replaces, and what it leaves.
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
      CHECK(text_of(file) == text_of(place / "run" / file.path().lexically_relative(finished_run() / "tiny")));
}

// A program whose streams take nothing: messages are lost, results are an error, and work goes on.
#include <sys/stat.h>

#include "slow.hpp"

using namespace testing;

namespace {

const std::vector<std::string> tiny_run{"run", "p.yaml", "--out", "run", "--threads", "2"};

void is_the_finished_run(const outcome& o, const scratch& place) {
  CHECK_MESSAGE(o.code == 0, o.err);
  same_checkpoint(finished_run() / "tiny", place / "run");
}

}

TEST_CASE("an error stream that is full, closed or a broken pipe does not end a run") {
  for (const bool closed : {false, true}) {
    const scratch place;
    put_text(place / "p.yaml", tiny_pipeline);
    is_the_finished_run(program(tiny_run, {.folder = place.folder(),
                                           .err = closed ? "" : "/dev/full",
                                           .closed = closed ? std::vector{0, 1, 2} : std::vector<int>{}}),
                        place);
  }
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  const std::string pipe = (place / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  child run(tiny_run, {.folder = place.folder(), .err = pipe});
  CHECK(run.until([&] { return std::filesystem::exists(place / "run"); }));
  ::close(reader);
  is_the_finished_run(run.wait(), place);
}

TEST_CASE("a refusal keeps its exit code when nobody can read it") {
  CHECK(check("a: [", {.err = "/dev/full"}).code == 2);
  CHECK(program({"eval", "nowhere"}, {.err = "/dev/full"}).code == 2);
  CHECK(program({"evel"}, {.err = "/dev/full"}).code == 2);
  CHECK(program({"run"}, {.closed = {2}}).code == 2);
}

TEST_CASE("results that cannot be written are one line and exit code 1, for every verb that prints") {
  const std::string run = (finished_run() / "tiny").string(), file = (finished_run() / "tiny.yaml").string();
  const std::vector<std::vector<std::string>> verbs{{"table", file},
                                                    {"table", file, "--json"},
                                                    {"table", file, "--set", "process.schedule.steps=2000"},
                                                    {"check", file},
                                                    {"draw", file},
                                                    {"list"},
                                                    {"list", "loader", "--json"},
                                                    {"describe", "loader.hdf5"},
                                                    {"schema"},
                                                    {"eval", run, "--samples", "32"},
                                                    {"eval", run, "--samples", "32", "--json"},
                                                    {"data", "info", run + "/samples.h5"},
                                                    {"--help"},
                                                    {"--version"}};
  for (const auto& verb : verbs) {
    CAPTURE(verb.front());
    const outcome full = program(verb, {.out = "/dev/full"});
    CHECK(full.code == 1);
    CHECK(full.err.ends_with(
        "noneq: the standard output: cannot write: No space left on device; free some space or write elsewhere\n"));
  }
  for (const auto& verb : {verbs[0], verbs[3]}) {
    const outcome closed = program(verb, {.closed = {1}});
    CHECK(closed.code == 1);
    CHECK(closed.err == "noneq: the standard output: cannot write: Bad file descriptor; check the disk and the path\n");
  }
}

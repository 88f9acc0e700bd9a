// Runs that are stopped or killed go on as if nothing had happened.
#include <random>

#include "noneq/storage/checkpoint.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// Steps slow enough to be hit in the middle.
const std::string slow = tiny_with("hidden: [8]", "hidden: [96, 96]");
const std::vector<std::string> slow_run{"run",
                                        "p.yaml",
                                        "--threads",
                                        "2",
                                        "--quiet",
                                        "--set",
                                        "graph.loader.batch=4096",
                                        "--set",
                                        "graph.trainer.checkpoint=5",
                                        "--set",
                                        "graph.trainer.steps=60"};

std::vector<std::string> slow_into(const std::string& folder, const std::string& more = "") {
  std::vector<std::string> arguments = slow_run;
  arguments.insert(arguments.end(), {"--out", folder});
  if (!more.empty()) arguments.push_back(more);
  return arguments;
}

void same_checkpoint(const std::filesystem::path& a, const std::filesystem::path& b) {
  const ::noneq::checkpoint x = ::noneq::load_checkpoint(a / "checkpoint"),
                            y = ::noneq::load_checkpoint(b / "checkpoint");
  CHECK(x.meta == y.meta);
  REQUIRE(x.tensors.size() == y.tensors.size());
  for (const auto& [name, tensor] : x.tensors) {
    CAPTURE(name);
    REQUIRE(y.tensors.count(name) == 1);
    CHECK(at::equal(tensor, y.tensors.at(name)));
  }
}

}

TEST_CASE("killed at any moment, a resumed run equals one that was never interrupted") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  const surroundings here{.folder = place.folder()};
  const outcome whole = program(slow_into("whole"), here);
  REQUIRE_MESSAGE(whole.code == 0, whole.err);
  CHECK(whole.out + whole.err == "");

  const auto delay = std::chrono::microseconds(std::random_device()() % 400'000);
  CAPTURE(delay.count());
  {
    child run(slow_into("killed"), here);
    CHECK(run.until([&] { return std::filesystem::exists(place / "killed/checkpoint/checkpoint.json"); }));
    std::this_thread::sleep_for(delay);
    run.send(SIGKILL);
    const int code = run.wait().code;
    CHECK((code == -SIGKILL || code == 0));
  }
  const outcome resumed = program(slow_into("killed", "--resume"), here);
  CHECK_MESSAGE(resumed.code == 0, resumed.err);
  same_checkpoint(place / "whole", place / "killed");
  const auto step_lines = [&](const char* run) {
    const std::string text = text_of(place / run / "metrics.jsonl");
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(step_lines("whole") == step_lines("killed"));
}

TEST_CASE("Ctrl-C ends with a checkpoint and exit code 130, and the run can go on") {
  const scratch place;
  put_text(place / "p.yaml", slow);
  const surroundings here{.folder = place.folder()};
  {
    child run(slow_into("run"), here);
    CHECK(run.until([&] { return std::filesystem::exists(place / "run/checkpoint/checkpoint.json"); }));
    run.send(SIGINT);
    const outcome o = run.wait();
    CHECK_MESSAGE(o.code == 130, o.err);
    CHECK(says(o.err, "interrupted"));
  }
  const auto stopped = ::noneq::load_checkpoint(place / "run/checkpoint");
  CHECK(stopped.meta.at("step").get<int>() >= 5);
  CHECK(stopped.meta.at("finished").get<bool>() == false);
  CHECK(program(slow_into("run", "--resume"), here).code == 0);
  CHECK(::noneq::load_checkpoint(place / "run/checkpoint").meta.at("step").get<int>() == 60);
}

TEST_CASE("the resolved pipeline of a run gives the same run again") {
  const scratch place;
  const std::string resolved = (finished_run() / "tiny/pipeline.yaml").string();
  const outcome again =
      program({"run", resolved, "--out", "again", "--quiet", "--threads", "1"}, {.folder = place.folder()});
  CHECK_MESSAGE(again.code == 0, again.err);
  same_checkpoint(finished_run() / "tiny", place / "again");
  CHECK(text_of(place / "again/pipeline.yaml") == text_of(resolved));
}

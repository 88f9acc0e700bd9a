// What a resumed run records, and what it says of itself.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/begun_run.hpp"
#include "noneq/flow/first_lines.hpp"
#include "noneq/flow/stop.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

const std::string measured_each_step = "graph.bound={plugin: metric.bound, of: model, samples: 64, every: 1}";
const std::string measured_at_end = "graph.bound={plugin: metric.bound, of: model, samples: 64}";

finished_run interrupted_then_resumed(const std::vector<std::string>& changes, const scratch_folder& folder) {
  ask_to_stop();
  CHECK_THROWS_AS(run_small(changes, 2, folder), interrupted);
  forget_stop();
  return run_small(changes, 2, folder, if_there::resume);
}

}

TEST_CASE("the records of an interrupted run are those of one that was not") {
  for (const auto& changes : {std::vector<std::string>{"graph.trainer.log=7"}, {measured_each_step}}) {
    const auto whole = run_small(changes);
    scratch_folder folder;
    CHECK(interrupted_then_resumed(changes, folder).records == whole.records);
  }
}

TEST_CASE("a run that was to end earlier has the same records, and those of its end") {
  const auto whole = run_small({measured_at_end});
  scratch_folder folder;
  run_small({measured_at_end, "graph.trainer.steps=9"}, 2, folder);
  const auto longer = run_small({measured_at_end}, 2, folder, if_there::resume);
  CHECK(without_step(longer.records, 9) == whole.records);
  CHECK(longer.records != whole.records);
}

TEST_CASE("a run does not go on to an end that it has passed") {
  scratch_folder folder;
  run_small({"graph.trainer.steps=30"}, 2, folder);
  const std::string before = storage::read_file(folder.path / "pipeline.yaml");
  std::string refusal;
  try {
    run_small({}, 2, folder, if_there::resume);
  } catch (const input_error& e) {
    refusal = e.what();
  }
  CHECK(refusal ==
        "small.yaml:14:12: trainer.steps: got 24, need at least 30, the step of the run, which was begun with 30");
  CHECK(storage::read_file(folder.path / "pipeline.yaml") == before);
}

TEST_CASE("a finished run that is resumed has every record once") {
  scratch_folder folder;
  const auto first = run_small({measured_at_end}, 2, folder);
  CHECK(run_small({measured_at_end}, 2, folder, if_there::resume).records == first.records);
  // What is not measured any more stays.
  CHECK(run_small({}, 2, folder, if_there::resume).records == first.records);
}

TEST_CASE("lines of the record that a crash cut short, or that are none, do not stop a run") {
  scratch_folder folder;
  const auto first = run_small({}, 2, folder);
  storage::write_atomically(folder.path / "metrics.jsonl", first.records + "5\n{}\n{\"step\": 24, \"no");
  CHECK(run_small({}, 2, folder, if_there::resume).records == first.records);
}

TEST_CASE("a finished run that is given more steps is unfinished until it has made them") {
  scratch_folder folder;
  CHECK(run_small({"graph.trainer.steps=5"}, 2, folder).saved.meta.at("finished") == true);
  ask_to_stop();
  CHECK_THROWS_AS(run_small({}, 2, folder, if_there::resume), interrupted);
  forget_stop();
  CHECK(storage::load_checkpoint(folder.path / "checkpoint").meta.at("finished") == false);
}

TEST_CASE("a run that goes on where it is computed in another way states so") {
  const scratch_folder folder;
  const fs::path run = folder.path / "run";
  flow::run(small_plan({"graph.trainer.steps=9"}), {run, if_there::refuse, 2, true});
  const auto lines = [&](const std::vector<std::string>& before) {
    storage::checkpoint saved = storage::load_checkpoint(run / "checkpoint");
    saved.meta["computed"] = before;
    storage::save_checkpoint(run / "checkpoint", saved);
    const plan p = small_plan();
    begun_run begun;
    begin(begun, p, {run, if_there::resume, 2, true});
    const workers pool(2);
    return c10::Join("\n", first_lines(p, begun, pool, alone(), run));
  };
  CHECK(!has(lines({}), "ways"));
  const std::string other = lines({"precision of another machine"});
  CHECK(has(other, "machine: note: steps of this run are computed in 2 ways: precision of another machine; execution"));
}

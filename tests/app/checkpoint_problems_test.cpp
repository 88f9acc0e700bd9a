// Runs that are damaged, unfinished or in the way.
#include "noneq/storage/checkpoint.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// Every verb on a run refuses it with the same line.
std::string refusal(const scratch& place) {
  const surroundings here{.folder = place.folder()};
  const outcome o = program({"eval", "run", "--json"}, here);
  CHECK_MESSAGE(o.code == 2, o.err);
  CHECK(o.out == "");
  CHECK(problem_count(o.err) == 1);
  const outcome s = program({"sample", "run", "--count", "2"}, here);
  CHECK_MESSAGE(s.code == 2, s.err);
  CHECK(s.err == o.err);
  CHECK(!std::filesystem::exists(place / "samples.h5"));
  return o.err;
}

}

TEST_CASE("a damaged checkpoint is refused, not used") {
  const scratch place;
  copy_run(place / "run");
  remove_earlier_checkpoints(place / "run");
  const std::filesystem::path tensors = tensors_of(place / "run");
  const std::string whole = text_of(tensors), json = text_of(place / "run/checkpoint/checkpoint.json");

  put_text(tensors, whole.substr(0, whole.size() / 2));
  CHECK(
      says(refusal(place), "got " + std::to_string(whole.size() / 2) + " bytes, need " + std::to_string(whole.size())));
  std::string flipped = whole;
  flipped[whole.size() - 5] ^= 1;
  put_text(tensors, flipped);
  CHECK(says(refusal(place),
             "the file is damaged; no earlier checkpoint is whole: bring the file back, or begin again with --force"));
  const outcome resumed =
      program({"run", (finished_run() / "tiny.yaml").string(), "--out", "run", "--resume", "--quiet"},
              {.folder = place.folder()});
  CHECK_MESSAGE(resumed.code == 2, resumed.err);
  CHECK(says(resumed.err,
             "the file is damaged; no earlier checkpoint is whole: bring the file back, or begin again with --force"));
  std::filesystem::remove(tensors);
  CHECK(says(refusal(place), "is missing, need the file that checkpoint.json names"));
  put_text(tensors, whole);
  put_text(place / "run/checkpoint/checkpoint.json", json.substr(0, json.size() / 2));
  CHECK(says(refusal(place), "run/checkpoint/checkpoint.json"));
  put_text(place / "run/checkpoint/checkpoint.json", "{}");
  CHECK(says(refusal(place), "run/checkpoint/checkpoint.json"));
  std::filesystem::remove(place / "run/checkpoint/checkpoint.json");
  CHECK(refusal(place) == "run: has no checkpoint yet; train it with noneq run\n");
}

TEST_CASE("a checkpoint whose damage shows only when it is used is refused, and nothing of the run changes") {
  const scratch place;
  copy_run(place / "run");
  put_text(place / "p.yaml", tiny_pipeline);
  const auto whole = noneq::storage::load_checkpoint(place / "run/checkpoint");
  const std::string pipeline = text_of(place / "run/pipeline.yaml"), records = text_of(place / "run/metrics.jsonl");
  const auto resumed_from = [&](const auto& damage) {
    auto damaged = whole;
    damage(damaged);
    noneq::storage::save_checkpoint(place / "run/checkpoint", damaged);
    const outcome o =
        program({"run", "p.yaml", "--out", "run", "--resume", "--quiet", "--set", "graph.trainer.steps=70"},
                {.folder = place.folder()});
    CHECK_MESSAGE(o.code == 2, o.err);
    CHECK(problem_count(o.err) == 1);
    CHECK(o.err.starts_with("run/checkpoint: "));
    CHECK(text_of(place / "run/pipeline.yaml") == pipeline);
    CHECK(text_of(place / "run/metrics.jsonl") == records);
    return o.err;
  };
  const auto first = [](const auto& c, const std::string& prefix) { return c.tensors.lower_bound(prefix)->first; };
  const std::string moment = first(whole, "optimizer."), weight = first(whole, "model.");
  CHECK(says(resumed_from([&](auto& c) { c.tensors.erase(moment); }), "the checkpoint has no tensor '" + moment + "'"));
  CHECK(says(resumed_from([&](auto& c) { c.tensors.erase(weight); }), "the checkpoint has no tensor '" + weight + "'"));
  CHECK(says(resumed_from([&](auto& c) { c.tensors[moment] = at::zeros({1, 2, 3}); }), "is [1, 2, 3], need"));
  CHECK(says(resumed_from([&](auto& c) { c.meta.erase("step"); }), "step"));
  resumed_from([&](auto& c) { c.meta["loss_since_record"] = "much"; });

  put_text(place / "run/pipeline.yaml", "a: [");
  const outcome o = program({"run", "p.yaml", "--out", "run", "--resume", "--quiet"}, {.folder = place.folder()});
  CHECK(o.code == 2);
  CHECK(o.err.starts_with("run/pipeline.yaml:"));
  CHECK(problem_count(o.err) == 1);
}

TEST_CASE("a run whose last checkpoint is damaged goes on from the one before, to the same bytes") {
  const scratch place;
  copy_run(place / "whole");
  put_text(place / "p.yaml", tiny_pipeline);
  const surroundings here{.folder = place.folder()};
  const auto run = [&](const std::string& folder) {
    return program({"run", "p.yaml", "--out", folder, "--resume", "--set", "graph.trainer.steps=70", "--set",
                    "graph.trainer.checkpoint=5", "--set", "graph.trainer.keep=3"},
                   here);
  };
  const outcome undisturbed = run("whole");
  REQUIRE_MESSAGE(undisturbed.code == 0, undisturbed.err);
  // The last two are of step 70: one before the samplers at the end, one behind them.
  const auto resumed = [&](const std::string& name, int step, const auto& damage) {
    std::filesystem::copy(place / "whole", place / name, std::filesystem::copy_options::recursive);
    damage(place / name);
    const outcome refused = program({"sample", name, "--count", "1", "--out", name + ".h5"}, here);
    CHECK(refused.code == 2);
    CHECK(says(refused.err,
               "; noneq run --resume goes on from the last one that is whole, of step " + std::to_string(step) + "\n"));
    const outcome o = run(name);
    CHECK_MESSAGE(o.code == 0, o.err);
    CHECK(says(o.err, "; the run goes on from the last one that is whole, of step " + std::to_string(step) + "\n"));
    CHECK(text_of(tensors_of(place / name)) == text_of(tensors_of(place / "whole")));
    CHECK(text_of(place / name / "metrics.csv") == text_of(place / "whole/metrics.csv"));
  };
  const auto last_json = [](const std::filesystem::path& run) { return run / "checkpoint/checkpoint.json"; };
  resumed("tensors", 70, [](const auto& run) { put_text(tensors_of(run), "short"); });
  resumed("json", 70, [&](const auto& run) { put_text(last_json(run), "{"); });
  resumed("gone", 70, [&](const auto& run) { std::filesystem::remove(last_json(run)); });
  resumed("two", 65, [&](const auto& run) {
    put_text(last_json(run), "{");
    const auto last = tensors_of(run / ".." / "whole").filename().string();
    const auto before = std::to_string(std::stoi(last.substr(8)) - 1);
    put_text(run / "checkpoint" / ("tensors-" + before + ".safetensors"), "");
  });
}

TEST_CASE("a damaged pipeline.yaml of a run is refused") {
  const scratch place;
  copy_run(place / "run");
  const auto with = [&](const std::string& text) {
    put_text(place / "run/pipeline.yaml", text);
    return refusal(place);
  };
  CHECK(with("") == "run/pipeline.yaml: is empty, need YAML text\n");
  CHECK(without_excerpts(with("[1]\n")) ==
        "run/pipeline.yaml:1:1: got a list, need a map with name, process and graph\n");
  std::filesystem::remove(place / "run/pipeline.yaml");
  CHECK(refusal(place) == "run: is not the folder of a run; it has no pipeline.yaml\n");
  const outcome nowhere = program({"eval", "nowhere"}, {.folder = place.folder()});
  CHECK(nowhere.code == 2);
  CHECK(nowhere.err == "nowhere: is not the folder of a run; it has no pipeline.yaml\n");
}

TEST_CASE("a run that is there is neither replaced nor gone on with unasked") {
  const scratch place;
  copy_run(place / "run");
  put_text(place / "p.yaml", tiny_pipeline);
  const surroundings here{.folder = place.folder()};
  const std::string before = text_of(tensors_of(place / "run"));
  const outcome refused = program({"run", "p.yaml", "--out", "run", "--quiet"}, here);
  CHECK(refused.code == 2);
  CHECK(refused.err == "run: holds a finished run; give --out another folder, or --force to replace it\n");
  const outcome other = program({"run", "p.yaml", "--out", "run", "--resume", "--set", "process.mean=x0"}, here);
  CHECK(other.code == 2);
  CHECK(says(other.err, "process.mean.plugin: got x0, need v"));
  CHECK(text_of(tensors_of(place / "run")) == before);
  const outcome forced = program({"run", "p.yaml", "--out", "run", "--force", "--quiet", "--seed", "5"}, here);
  CHECK_MESSAGE(forced.code == 0, forced.err);
  CHECK(text_of(tensors_of(place / "run")) != before);
}

TEST_CASE("a folder or a disk that takes nothing") {
  const scratch place;
  put_text(place / "p.yaml", tiny_pipeline);
  put_text(place / "file", "");
  const surroundings here{.folder = place.folder()};
  const outcome beside = program({"run", "p.yaml", "--out", "file/run", "--quiet"}, here);
  CHECK(beside.code == 2);
  CHECK(beside.err == "file/run: the folder cannot be made: Not a directory\n");
  const outcome full =
      program({"run", "p.yaml", "--out", "run", "--quiet"}, {.folder = place.folder(), .largest_file = 4096});
  CHECK(full.code == 1);
  CHECK(full.err ==
        "noneq: run/checkpoint/tensors-0.safetensors: cannot write: File too large; free some space or write "
        "elsewhere; there is no checkpoint yet\n");
  CHECK(!std::filesystem::exists(place / "run/checkpoint/checkpoint.json"));
  const outcome printed = program({"table", "p.yaml"}, {.folder = place.folder(), .out = "/dev/full"});
  CHECK(printed.code == 1);
  CHECK(printed.err ==
        "noneq: the standard output: cannot write: No space left on device; free some space or write elsewhere\n");
}

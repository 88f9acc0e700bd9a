// Runs that begin with what another has learned, and the checkpoint of a diverged one that is worth it.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/storage/hdf5.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

// A rate that moves nothing.
const std::string at_rest = "graph.trainer.rate=1e-30";

void run_from(const scratch_folder& from, const scratch_folder& to, const std::vector<std::string>& changes,
              if_there policy = if_there::refuse) {
  run(small_plan(changes), {.folder = to.path, .policy = policy, .threads = 2, .quiet = true, .from = from.path});
}

std::string refusal_from(const scratch_folder& from, const std::vector<std::string>& changes) {
  const scratch_folder to;
  try {
    run_from(from, to, changes);
  } catch (const input_error& e) {
    CHECK(!std::filesystem::exists(to.path));
    return e.what();
  }
  return "";
}

void same(const storage::checkpoint& a, const storage::checkpoint& b, const std::string& prefix) {
  std::int64_t compared = 0;
  for (const auto& [name, tensor] : a.tensors)
    if (name.starts_with(prefix)) {
      CAPTURE(name);
      CHECK(at::allclose(tensor, b.tensors.at(name), 0, 1e-20));  // a step at rest moves even 0 by its rate
      ++compared;
    }
  CHECK(compared > 0);
}

// The data set of its own that a loader reads.
std::string rows_of(const scratch_folder& folder, double scale) {
  std::filesystem::create_directories(folder.path);
  storage::hdf5_writer w(folder.path / "x.h5");
  w.write("x", scale * stream(1).normal({96, 2}));
  w.close();
  return "graph.loader={plugin: loader.hdf5, file: '" + (folder.path / "x.h5").string() + "', batch: 32}";
}

}

TEST_CASE("a run from another begins with its weights, averages and normalisation, and with a trainer of its own") {
  const scratch_folder first, second, data, other_data;
  const std::string scaled = "graph.scaled={plugin: transform.standardise, in: loader}",
                    behind = "graph.noiser.in=scaled";
  const auto learned = run_small({rows_of(data, 3), scaled, behind}, 2, first);
  run_from(first, second,
           {rows_of(other_data, 50), scaled, behind, at_rest, "graph.trainer.plugin=trainer.adamw",
            "graph.trainer.weight_decay=0", "graph.trainer.steps=1", "graph.trainer.ema=[0.9, 0.5]", "seed=11"});
  const storage::checkpoint begun = storage::load_checkpoint(second.path / "checkpoint");
  CHECK(begun.meta.at("step") == 1);
  CHECK(begun.meta.at("from").at("step") == 24);
  same(learned.saved, begun, "model.");
  same(learned.saved, begun, "normalisation.");
  same(learned.saved, begun, "state.scaled.");
  // The average moved by its share towards weights that are at rest.
  const double rate = 2.0 / 11;
  for (const auto& [name, average] : learned.saved.tensors)
    if (name.starts_with("ema.0.")) {
      const Tensor weight = learned.saved.tensors.at("model." + name.substr(6));
      CHECK(at::allclose(begun.tensors.at(name), average.lerp(weight, 1 - rate), 1e-6, 1e-7));
      CHECK(begun.tensors.count("ema.1." + name.substr(6)) == 1);
    }
}

TEST_CASE("a run from another, interrupted at once and resumed, is that run uninterrupted") {
  const scratch_folder first, whole, parts;
  run_small({}, 2, first);
  const std::vector<std::string> changes{"graph.trainer.rate=3e-4", "graph.trainer.steps=9"};
  run_from(first, whole, changes);
  ask_to_stop();
  CHECK_THROWS_AS(run_from(first, parts, changes), interrupted);
  forget_stop();
  const auto resumed = run_small(changes, 2, parts, if_there::resume);
  const storage::checkpoint uninterrupted = storage::load_checkpoint(whole.path / "checkpoint");
  CHECK(differences(uninterrupted, resumed.saved) == "");
  CHECK(uninterrupted.meta == resumed.saved.meta);
}

TEST_CASE("weights of another process or network, of no run, or of the run's own folder are refused") {
  const scratch_folder first, nowhere;
  run_small({}, 2, first);
  const auto says = [&](const std::vector<std::string>& changes, const std::string& part) {
    const std::string text = refusal_from(first, changes);
    CHECK_MESSAGE(text.find(part) != text.npos, text);
    CHECK(text.find('\n') == text.npos);
  };
  says({"graph.model.hidden=[16, 17]"},
       "got weights of another pipeline (model.hidden was [16, 16], is [16, 17]), need one of");
  says({"process.mean=x0"}, "got weights of another pipeline (process.mean");
  CHECK(refusal_from(nowhere, {}).find(nowhere.path.string()) != std::string::npos);
  const auto own = [&] { run_from(first, first, {}, if_there::replace); };
  CHECK_THROWS_WITH_AS(own(), doctest::Contains("--from the folder of the run itself"), input_error);
  CHECK(std::filesystem::exists(first.path / "checkpoint" / "checkpoint.json"));
}

TEST_CASE("a run that diverges keeps the checkpoint from before its loss grew, and names it") {
  static const std::filesystem::path build = std::getenv("NONEQ_BUILD");
  static registry plugins({build / "plugins", build / "tests" / "plugins"});
  const scratch_folder data, out, next;
  const auto changed = [&](std::vector<std::string> changes) {
    config::value document = config::parse_text(small_pipeline, "small.yaml");
    changes.push_back(rows_of(data, 1));
    for (const std::string& change : changes) config::apply_override(document, change);
    return make_plan(document, plugins);
  };
  const std::string ruined = "graph.loss={plugin: loss.not_a_number, in: model, step: 48, row: 3, grows: 31}";
  std::string message;
  try {
    run(changed({ruined, "graph.trainer.steps=60", "graph.trainer.checkpoint=5"}),
        {.folder = out.path, .threads = 2, .quiet = true});
  } catch (const error& e) {
    message = e.what();
  }
  INFO(message);
  const auto kept = out.path / "checkpoint-in-range";
  CHECK(message.find("the last good checkpoint is " + kept.string() + ", of step 30") != message.npos);
  CHECK(message.find("--from " + out.path.string()) != message.npos);
  CHECK(storage::load_checkpoint(out.path / "checkpoint").meta.at("step") == 45);
  run(changed({at_rest, "graph.trainer.steps=1"}),
      {.folder = next.path, .threads = 2, .quiet = true, .from = out.path});
  same(storage::load_checkpoint(kept), storage::load_checkpoint(next.path / "checkpoint"), "model.");
  CHECK(storage::load_checkpoint(next.path / "checkpoint").meta.at("from").at("step") == 30);
}

TEST_CASE("a checkpoint whose weights no loss has vouched for is not called good") {
  const scratch_folder out;
  std::string message;
  try {  // the first step ruins the weights, and is saved
    run_small({"graph.trainer.rate=1e30", "graph.trainer.checkpoint=1", "process.variance=learned"}, 2, out);
  } catch (const error& e) {
    message = e.what();
  }
  CHECK_MESSAGE(message.find("may be ruined already") != message.npos, message);
}

TEST_CASE("a rate beyond what an optimizer can take is refused, and its own words have a place") {
  for (const char* rate : {"graph.trainer.rate=1e38", "graph.trainer.schedule_rate=1e38", "graph.trainer.rate=.inf"}) {
    const std::string text = problems_of({rate});
    CHECK_MESSAGE(text.find("trainer.") != text.npos, text);
  }
}

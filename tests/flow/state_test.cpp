// The state of every plugin is saved and restored: a run that was interrupted, or ended early, goes on bitwise as one
// that was not, also where the work of a plugin depends on how often it was called (plugin/modules/stateful.*).
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/stop.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

using changes = std::vector<std::string>;

registry& stateful_plugins() {
  const fs::path build = std::getenv("NONEQ_BUILD");
  static registry r({build / "plugins", build / "tests" / "plugins"});
  return r;
}

// The results of a run: its checkpoint, its records, and its other files by name.
struct left_behind {
  storage::checkpoint saved;
  std::string records;
  std::map<std::string, std::string> files;
};

left_behind run_with(const changes& more, const scratch_folder& folder, if_there policy = if_there::refuse,
                     const fs::path& from = {}) {
  config::value document = config::parse_text(small_pipeline, "small.yaml");
  for (const char* change : {"process.variance=fixed_small", "graph.loss={plugin: loss.simple, in: model}",
                             "graph.trainer.steps=8", "graph.trainer.log=1"})
    config::apply_override(document, change);
  for (const std::string& change : more) config::apply_override(document, change);
  run_options options{folder.path, policy, 2, true};
  options.from = from;
  run(make_plan(document, stateful_plugins()), options);
  left_behind all{
      storage::load_checkpoint(folder.path / "checkpoint"), storage::read_file(folder.path / "metrics.jsonl"), {}};
  for (const auto& file : fs::directory_iterator(folder.path))
    if (file.path().extension() == ".txt") all.files[file.path().filename()] = storage::read_file(file.path());
  return all;
}

left_behind interrupted_at_once(const changes& more, const scratch_folder& folder) {
  ask_to_stop();  // after the first step, while batches behind it are under way
  CHECK_THROWS_AS(run_with(more, folder), interrupted);
  forget_stop();
  return run_with(more, folder, if_there::resume);
}

left_behind ended_early(changes more, const scratch_folder& folder) {
  changes shorter = more;
  shorter.push_back("graph.trainer.steps=3");
  run_with(shorter, folder);
  return run_with(more, folder, if_there::resume);
}

void check_same(const left_behind& resumed, const left_behind& whole) {
  CHECK(differences(resumed.saved, whole.saved) == "");
  CHECK(without_step(resumed.records, 3) == without_step(whole.records, 3));
  CHECK(resumed.files == whole.files);
}

// The changes for events at every so many steps.
using pipeline = std::function<changes(int every)>;

void check_goes_on(const pipeline& made) {
  CAPTURE(made(1));
  for (const int every : {1, 2}) {
    scratch_folder undisturbed, interrupted, early;
    const left_behind whole = run_with(made(every), undisturbed);
    check_same(interrupted_at_once(made(every), interrupted), whole);
    // There is no event at the step of the early end.
    if (every == 2) check_same(ended_early(made(every), early), whole);
  }
}

// Draws and measures in events, in one chunk.
changes drawing(int every, const changes& more) {
  changes all{
      "graph.trainer.shards=1",
      fmt::format("graph.s={{plugin: sampler.ancestral, of: model, count: 8, chunk: 8, steps: 4, every: {}}}", every),
      "graph.m={plugin: metric.counting, in: s}"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}

TEST_CASE("stateful plugins of the training go on as if nothing had happened") {
  for (const changes& of : {changes{"graph.loader={plugin: loader.growing, batch: 64}"},
                            {"graph.t={plugin: transform.counting, in: loader}", "graph.noiser.in=t"},
                            {"graph.noiser={plugin: noiser.counting, in: loader}"},
                            {"graph.noiser.time=counting"},
                            {"graph.loss={plugin: loss.simple, in: model, weighting: counting}"},
                            {"graph.loss={plugin: loss.counting, in: model}"},
                            {"graph.model={plugin: model.counting, in: noiser}"},
                            {"graph.trainer.plugin=trainer.misbehaves", "graph.trainer.how=well"}})
    check_goes_on([&](int) { return of; });
}

TEST_CASE("stateful parts of the process go on as if nothing had happened") {
  for (const char* part : {"process.kernel=counting", "process.schedule={plugin: counting, steps: 12}",
                           "process.mean=counting", "process.variance=counting"})
    check_goes_on([&](int every) { return drawing(every, {part}); });
}

TEST_CASE("stateful plugins beside the training go on as if nothing had happened") {
  for (const char* change : {"graph.s.plugin=sampler.counting", "graph.s.grid=counting", "graph.s.weights=raw",
                             "graph.s.guides=[{plugin: counting, by: 1}, {plugin: counting, by: 3}]",
                             "graph.f={plugin: metric.kernel_distance, in: s, blocks: 2, features: counting}",
                             "graph.w={plugin: writer.counting, in: s, file: w.txt}",
                             "graph.w={plugin: writer.counting, in: m, file: w.txt}"})
    check_goes_on([&](int every) {
      return drawing(every, {"graph.model={plugin: model.counting, in: noiser}", change});
    });
}

TEST_CASE("a writer on the training stream has seen no batch that was not trained on") {
  for (const char* from : {"loader", "noiser", "model", "loss"})
    check_goes_on([&](int every) {
      return changes{fmt::format("graph.w={{plugin: writer.counting, in: {}, every: {}, file: w.txt}}", from, every)};
    });
}

TEST_CASE("times are drawn by the tables that training began with, before and after an interruption") {
  check_goes_on([](int) {
    return changes{"process.schedule={plugin: learned_snr, steps: 12, units: 8}", "process.variance=learned_range",
                   "graph.loss={plugin: loss.vlb, in: model}", "graph.noiser.time=by_tables"};
  });
}

TEST_CASE("averages have the buffers of the network that is trained") {
  scratch_folder folder;
  const storage::checkpoint c = run_with({"graph.model={plugin: model.counting, in: noiser}"}, folder).saved;
  CHECK(c.tensors.at("model.calls").item<double>() == 16);
  CHECK(c.tensors.count("ema.0.calls") == 0);
}

TEST_CASE("buffers that nothing changes are in no checkpoint") {
  scratch_folder folder;
  for (const auto& [name, tensor] : run_with({}, folder).saved.tensors) CHECK(name != "model.times");
}

TEST_CASE("a stateful node that is new in a resumed run begins anew") {
  scratch_folder folder;
  run_with(drawing(2, {"graph.trainer.steps=3"}), folder);
  const changes more = drawing(2, {"graph.w={plugin: writer.counting, in: s, file: w.txt}"});
  CHECK(run_with(more, folder, if_there::resume).files.size() == 3);
}

TEST_CASE("the weights of another run can be given to a stateful loss that it did not have") {
  scratch_folder other, folder;
  run_with({}, other);
  CHECK_NOTHROW(run_with({"graph.loss.weighting=counting"}, folder, if_there::refuse, other.path));
}

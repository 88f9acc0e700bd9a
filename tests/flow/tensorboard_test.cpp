// TensorBoard is shown each record of a run once, whatever interrupted the run, and equal ones from its folder.
#include "noneq/flow/tensorboard.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/learner.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/tensorboard.hpp"
#include "storage/event_files.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> measured_and_drawn{
    "graph.trainer.rate=0.004",
    "graph.trainer.warmup=10",
    "graph.trainer.log=5",
    "graph.bound={plugin: metric.bound, of: model, samples: 64, every: 8}",
    "graph.look={plugin: sampler.ancestral, of: model, count: 4, every: 8}",
    "graph.picture={plugin: writer.png, in: look, file: a/look.png}"};

void run_shown(const scratch_folder& folder, if_there policy = if_there::refuse,
               const std::vector<std::string>& changes = measured_and_drawn) {
  run_options o{folder.path, policy, 2, true};
  o.tensorboard = true;
  run(small_plan(changes), o);
}

template <class Steps>
bool rise(const Steps& steps) {
  return std::adjacent_find(steps.begin(), steps.end(), std::greater_equal<>()) == steps.end();
}

// TensorBoard drops what it has of a tag when a step follows that is no later one.
bool steps_rise(const shown_events& all) {
  std::map<std::string, std::vector<std::int64_t>> steps;
  for (const shown_number& n : all.numbers) steps[n.tag].push_back(n.step);
  for (const auto* of : {&all.pictures, &all.histograms, &all.texts})
    for (const auto& [tag, step] : *of) steps[tag].push_back(step);
  return std::all_of(steps.begin(), steps.end(), [](const auto& of_tag) { return rise(of_tag.second); });
}

shown_events shown_in(const fs::path& folder) {
  shown_events all;
  const std::vector<fs::path> files = storage::tensorboard::event_files(folder);
  REQUIRE(files.size() == 1);
  all.read(storage::read_file(files.front()));
  CHECK(steps_rise(all));
  std::stable_sort(all.numbers.begin(), all.numbers.end(), [](const shown_number& a, const shown_number& b) {
    return std::tie(a.tag, a.step) < std::tie(b.tag, b.step);
  });
  return all;
}

// Each number of metrics.jsonl, and the rate at each record of the loss.
std::vector<shown_number> expected_of(const scratch_folder& folder) {
  std::vector<shown_number> all;
  std::istringstream lines(storage::read_file(folder.path / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto r = nlohmann::json::parse(line);
    const std::string tag = r["node"].get<std::string>() + "/" + r["name"].get<std::string>();
    const auto as_float = [](const nlohmann::json& x) { return static_cast<double>(x.get<float>()); };
    all.push_back({tag, r["step"], as_float(r["value"])});
    if (!r["stderr"].is_null()) all.push_back({"stderr/" + tag, r["step"], as_float(r["stderr"])});
    const double rate = 0.004 * std::min(1., r["step"].get<double>() / 10);
    if (tag == "loss/loss") all.push_back({"trainer/rate", r["step"], static_cast<double>(static_cast<float>(rate))});
  }
  std::stable_sort(all.begin(), all.end(), [](const shown_number& a, const shown_number& b) {
    return std::tie(a.tag, a.step) < std::tie(b.tag, b.step);
  });
  return all;
}

const char* const drawn_at_times = "picture/look.png";

void no_remark(const std::string& line) { FAIL_CHECK(line); }

bool same_shown(const shown_events& a, const shown_events& b) {
  return a.numbers == b.numbers && a.pictures == b.pictures && a.histograms == b.histograms;
}

}

TEST_CASE("a run shows its records, its learning rate, its pictures and the cost of its steps") {
  scratch_folder folder;
  run_shown(folder);
  const shown_events shown = shown_in(folder.path);
  CHECK(shown.numbers == expected_of(folder));
  CHECK(shown.steps_of("trainer/rate") == std::vector<std::int64_t>{5, 10, 15, 20, 24});
  const auto steps = [](const std::multimap<std::string, std::int64_t>& all, const char* tag) {
    std::vector<std::int64_t> found;
    for (auto [at, end] = all.equal_range(tag); at != end; ++at) found.push_back(at->second);
    return found;
  };
  CHECK(steps(shown.pictures, "picture/look.png") == std::vector<std::int64_t>{8, 16, 24});
  CHECK(steps(shown.histograms, "bound/kl") == std::vector<std::int64_t>{8, 16, 24});
  CHECK(shown.texts.count("pipeline") == 1);
}

TEST_CASE("a run without the option writes no events") {
  scratch_folder folder;
  run_small({}, 2, folder);
  CHECK(storage::tensorboard::event_files(folder.path).empty());
}

TEST_CASE("a run that was interrupted, or crashed behind its checkpoint, shows nothing twice and loses nothing") {
  scratch_folder whole, stopped, crashed;
  run_shown(whole);
  const shown_events expected = shown_in(whole.path);

  ask_to_stop();
  CHECK_THROWS_AS(run_shown(stopped), interrupted);
  forget_stop();
  run_small(measured_and_drawn, 2, stopped,
            if_there::resume);  // goes on with its events although the option is not given
  CHECK(same_shown(shown_in(stopped.path), expected));

  // The checkpoint is that of step 8; records, pictures and events of later steps were written.
  run_shown(crashed);
  fs::remove_all(crashed.path / "checkpoint");
  {
    scratch_folder of_eight;
    auto eight = measured_and_drawn;
    eight.insert(eight.end(), {"graph.trainer.checkpoint=8", "graph.trainer.steps=8"});
    run_shown(of_eight, if_there::refuse, eight);
    fs::copy(of_eight.path / "checkpoint", crashed.path / "checkpoint");
  }
  storage::append(storage::tensorboard::event_files(crashed.path).front(), "a record that was cut short");
  auto changes = measured_and_drawn;
  changes.push_back("graph.trainer.steps=12");
  run_small(changes, 2, crashed, if_there::resume);
  const shown_events resumed = shown_in(crashed.path);
  CHECK(resumed.steps_of("bound/K") == std::vector<std::int64_t>{8, 12});
  CHECK(resumed.pictures == std::multimap<std::string, std::int64_t>{{drawn_at_times, 8}, {drawn_at_times, 12}});
  // The folder holds no picture of an undone step either, until it is drawn again.
  const plan p = small_plan(changes);
  write_tensorboard(crashed.path, &p, crashed.path, no_remark);
  CHECK(shown_in(crashed.path).pictures == resumed.pictures);
  CHECK(fs::exists(crashed.path / "a/look-step-16.png"));
  run_small(measured_and_drawn, 2, crashed, if_there::resume);
  CHECK(shown_in(crashed.path).pictures ==
        std::multimap<std::string, std::int64_t>{
            {drawn_at_times, 8}, {drawn_at_times, 12}, {drawn_at_times, 16}, {drawn_at_times, 24}});
  // A run that replaces it removes them all.
  run_small({}, 2, crashed, if_there::replace);
  CHECK(!fs::exists(crashed.path / "a/look-step-16.png"));
}

TEST_CASE("events of a folder are those that were written while the run was at work") {
  scratch_folder folder, other;
  run_shown(folder);
  const shown_events live = shown_in(folder.path);
  const plan p = small_plan(measured_and_drawn);
  fs::create_directories(other.path);
  const fs::path file = write_tensorboard(folder.path, &p, other.path, no_remark);
  CHECK(same_shown(shown_in(other.path), live));
  CHECK(write_tensorboard(folder.path, &p, other.path, no_remark) != file);  // it replaces the file
  CHECK(storage::tensorboard::event_files(other.path).size() == 1);
  CHECK(same_shown(shown_in(other.path), live));
  // Without the plan there is no learning rate, and pictures have no node.
  write_tensorboard(folder.path, nullptr, other.path, no_remark);
  CHECK(shown_in(other.path).steps_of("loss/loss") == live.steps_of("loss/loss"));
  CHECK(shown_in(other.path).steps_of("trainer/rate").empty());
  CHECK(shown_in(other.path).pictures.count("pictures/look.png") == 3);
}

TEST_CASE("a damaged file of arrays is remarked on, and pictures are known by their content") {
  scratch_folder folder;
  run_shown(folder);
  const plan p = small_plan(measured_and_drawn);
  storage::write_atomically(folder.path / "metrics.h5", "damaged");
  fs::rename(folder.path / "a/look.png", folder.path / "a/look.apng");
  storage::write_atomically(folder.path / "a/other.png", "no picture");
  written_files(folder.path).add(folder.path / "a/look.apng");
  written_files(folder.path).add(folder.path / "a/other.png");
  std::vector<std::string> lines;
  write_tensorboard(folder.path, &p, folder.path, [&](const std::string& line) { lines.push_back(line); });
  REQUIRE(lines.size() == 1);
  CHECK(has(lines[0], "metrics.h5"));
  const shown_events shown = shown_in(folder.path);
  CHECK(shown.histograms.empty());
  CHECK(shown.pictures == std::multimap<std::string, std::int64_t>{
                              {drawn_at_times, 8}, {drawn_at_times, 16}, {"pictures/look.apng", 24}});
}

TEST_CASE("a run that is replaced loses its events") {
  scratch_folder folder;
  run_shown(folder);
  run_small({}, 2, folder, if_there::replace);
  CHECK(storage::tensorboard::event_files(folder.path).empty());
}

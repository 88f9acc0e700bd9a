// Pipelines whose parts do not fit together are refused without data and before anything runs.
#include <cstdlib>

#include "doctest.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/plan.hpp"

using namespace noneq;

namespace {

constexpr const char* whole = R"(name: p
process: {kernel: gaussian, schedule: {plugin: log_snr, steps: 10}, mean: v}
graph:
  loader: {plugin: loader.swiss_roll}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss}
)";

registry& installed() {
  static registry plugins({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  return plugins;
}

config::value changed(const std::vector<std::string>& changes) {
  config::value document = config::parse_text(whole, "p.yaml");
  for (const std::string& change : changes) config::apply_override(document, change);
  return document;
}

// The lines about the pipeline with these changes; "" when it is a good one.
std::string problems_with(const std::vector<std::string>& changes) {
  try {
    flow::make_plan(changed(changes), installed());
  } catch (const input_error& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}

TEST_CASE("the pipeline itself is good, and nodes may stand in any order") {
  CHECK(problems_with({}) == "");
  CHECK(problems_with({"graph.bound={plugin: metric.bound, of: model}"}) == "");
}

TEST_CASE("a resolved pipeline, with every default in it, is a good one that resolves to itself") {
  std::vector<std::string> changes{"graph.model=model.unet", "graph.model.in=noiser"};
  for (const std::string& name : installed().names("sampler"))
    changes.push_back("graph." + name + "={plugin: sampler." + name + ", of: model}");
  const std::string once = config::to_yaml(flow::make_plan(changed(changes), installed()).resolved());
  const std::string twice =
      config::to_yaml(flow::make_plan(config::parse_text(once, "again.yaml"), installed()).resolved());
  CHECK(once == twice);
}

TEST_CASE("edges must lead from the right role to the right role") {
  CHECK(
      says(problems_with({"graph.loss.in=noiser"}),
           "loss.in: got 'noiser', which gives noise, t, weight, x0, xt, need the tensor 'output', as model gives it"));
  CHECK(says(problems_with({"graph.loader.in=model"}), "loader.in: a loader has no input"));
  CHECK(says(problems_with({"graph.loss.of=model"}), "loss.of: a loss takes no model"));
  CHECK(says(problems_with({"graph.s=sampler.ancestral"}),
             "s.of: is missing; need the name of a model node, or the folder of a finished run"));
  CHECK(says(problems_with({"graph.s=kernel.gaussian"}),
             "a kernel is a part of the process or of another plugin, not a node"));
  CHECK(says(problems_with({"graph.other={plugin: loader.swiss_roll}"}), "other: gives its rows to no node"));
}

TEST_CASE("occasions belong to samplers and metrics") {
  CHECK(says(problems_with({"graph.loss.every=5"}),
             "loss.every: only samplers, metrics, and sinks that hang on the training, have occasions"));
  CHECK(says(problems_with({"graph.b={plugin: metric.bound, of: model, every: 0}"}),
             "b.every: got 0, need a value of at least 1"));
  CHECK(says(problems_with({"graph.b={plugin: metric.bound, of: model, at: start}"}), "b.at: got 'start', need 'end'"));
}

TEST_CASE("parts of the process must fit each other") {
  CHECK(says(problems_with({"process.kernel=binomial"}), "process.mean: mean.v works in"));
  CHECK(says(problems_with({"process.kernel={plugin: binomial}", "process.mean=x0", "process.variance=fixed_small"}),
             "process.variance: the kernel binomial has no variance; leave this key out"));
  CHECK(problems_with({"process.schedule.plugin=learned", "graph.loss.plugin=loss.simple"}) != "");
  CHECK(says(problems_with({"graph.s={plugin: sampler.ancestral, of: model, steps: 11}"}),
             "s.steps: got 11 steps, need at most the schedule's T = 10"));
}

TEST_CASE("plugins within plugins must fit the kernel too") {
  const std::string guided =
      "graph.s={plugin: sampler.ancestral, in: loader, as: {x0: values}, of: model, guides: [{plugin: "
      "binary_evidence, mask: values}]}";
  CHECK(says(problems_with({guided}),
             "s.guides: guide.binary_evidence works in binary space, but the kernel gaussian is gaussian"));
  CHECK(problems_with({guided, "process={kernel: binomial, schedule: reciprocal, mean: x0}"}) == "");
}

TEST_CASE("what knows whole steps only cannot stand in continuous time") {
  const std::string continuous = "process.schedule.steps=continuous";
  CHECK(problems_with({continuous}) == "");
  CHECK(says(problems_with({"process.schedule={plugin: sigmoid, steps: continuous}"}),
             "process.schedule.steps: got continuous, need a number: this schedule knows whole steps only"));
  CHECK(says(problems_with({continuous, "graph.noiser.time=loss_second_moment"}),
             "noiser.time: draws whole steps only, need another time sampler where time is continuous"));
  CHECK(says(problems_with({continuous, "graph.noiser.plugin=noiser.trajectory"}),
             "noiser: walks whole steps only, need noiser.marginal where time is continuous"));
  CHECK(says(problems_with({"process.schedule.steps=many"}),
             "process.schedule.steps: got 'many', need an integer, or continuous"));
}

TEST_CASE("a loss must fit the process") {
  CHECK(says(
      problems_with({"process.variance=learned", "graph.loss=loss.simple", "graph.loss.in=model"}),
      "loss: got a variance that the network predicts, which this loss does not train; need variance: fixed_small"));
  CHECK(says(problems_with(
                 {"process.kernel=binomial", "process.mean=x0", "graph.loss={plugin: loss.vlb, in: model, bins: 9}"}),
             "loss: bins got 9 for a kernel of discrete states, need bins: 0"));
  CHECK(says(problems_with({"process.schedule={plugin: learned_snr, steps: 10, ends: both}"}),
             "loss: K grows without limit as β_1 → 0, but the schedule learns β_1"));
  CHECK(problems_with(
            {"process.schedule={plugin: learned_snr, steps: 10, ends: both}", "graph.loss.plugin=loss.vlb"}) == "");
  const std::vector<std::string> masked{"process={kernel: absorbing, schedule: reciprocal, mean: category}"};
  CHECK(says(problems_with(masked), "loss: K runs the forward kernel backwards at t = 1, but this kernel is not"));
}

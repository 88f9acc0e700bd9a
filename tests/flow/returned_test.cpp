// What plugins return wrong is refused with the plugin, the node, the tensor, what was got and what is needed: before
// training where it can be known then, and at the step where it happens otherwise.
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/core/memory.hpp"
#include "noneq/flow/learner.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

registry& with_misbehaving() {
  static const std::filesystem::path build = std::getenv("NONEQ_BUILD");
  static registry plugins({build / "plugins", build / "tests" / "plugins"});
  return plugins;
}

// "input: " or "failed: " and what a run of the small pipeline with these changes says; "" when it ends well.
std::string outcome_of(const std::vector<std::string>& changes) {
  const scratch_folder out;
  config::value document = config::parse_text(small_pipeline, "small.yaml");
  config::apply_override(document, "process.variance=fixed_small");
  config::apply_override(document, "graph.trainer.steps=5");
  for (const std::string& change : changes) config::apply_override(document, change);
  try {
    run(make_plan(document, with_misbehaving()), {out.path, if_there::refuse, 2, true});
  } catch (const input_error& e) {
    return std::string("input: ") + e.what();
  } catch (const error& e) {
    return std::string("failed: ") + e.what();
  }
  return "";
}

std::string of_loader(const std::string& how) {
  return outcome_of({"graph.loader={plugin: loader.misbehaves, batch: 8, how: " + how + "}"});
}
std::string of_node(const std::string& node, const std::string& in, const std::string& how) {
  return outcome_of({"graph." + node + "={plugin: " + node + ".misbehaves, in: " + in + ", how: " + how + "}"});
}
std::string of_metric(const std::string& how) {
  return outcome_of({"graph.m={plugin: metric.misbehaves, of: model, how: " + how + "}"});
}
std::string of_schedule(const std::string& how, const std::string& steps = "12") {
  return outcome_of({"process.schedule={plugin: misbehaves, steps: " + steps + ", how: " + how + "}"});
}
std::string of_sampler(const std::string& how, const std::string& more = "") {
  return outcome_of({"graph.s={plugin: sampler.misbehaves, of: model, count: 8, how: " + how + more + "}",
                     "graph.w={plugin: writer.hdf5, in: s, file: s.h5}"});
}

}

TEST_CASE("plugins that do nothing wrong are let through") {
  CHECK(of_loader("well") == "");
  CHECK(of_loader("labels, step: 1000") == "");
  CHECK(of_node("noiser", "loader", "well") == "");
  CHECK(of_node("model", "noiser", "well") == "");
  CHECK(of_node("loss", "model", "well") == "");
  CHECK(of_node("trainer", "loss", "well, steps: 5") == "");
  CHECK(of_schedule("well") == "");
  CHECK(of_sampler("well") == "");
  CHECK(of_metric("well") == "");
}

TEST_CASE("what a loader returns is looked at") {
  bound_tensors();
  CHECK(of_loader("double") == "");  // any number will do: the noiser gets float32
  const std::string at = "failed: --set graph.loader: ";
  for (const auto& [how, said] : std::vector<std::pair<std::string, std::string>>{
           {"wide", "loader: loader.misbehaves returned 'x0' of shape [8, 3], need [any, 2]"},
           {"undefined", "loader: loader.misbehaves returned no 'x0' (an undefined tensor), need one"},
           {"nan", "loader: loader.misbehaves returned 'x0' with nan, need finite numbers"},
           {"empty", "loader: loader.misbehaves returned an empty batch, need samples"},
           {"other_rows", "loader: loader.misbehaves returned 'row' of shape [5], need 8 rows, as 'x0' has"},
           {"labels", "loader: loader.misbehaves returned 'label' with 7, need values in [0, 2]"},
           {"int", "loader: loader.misbehaves threw something that is no std::exception"},
           {"memory", "loader: a tensor of 4.5 PB beside what is held needs 4.5 PB of memory, need at most the "}}) {
    const std::string line = of_loader(how);
    CHECK_MESSAGE(has(line, said), line);
    CHECK_MESSAGE(line.starts_with(at), line);
  }
  for (const auto& [how, said] : std::vector<std::pair<std::string, std::string>>{
           {"nothing", "loader: loader.misbehaves returned nothing, need a source"},
           {"no_shape", "loader: loader.misbehaves says of its data: samples of shape [], need at least one dimension"},
           {"no_scale", "loader: loader.misbehaves says of its data: a scale of 0, need another number"},
           {"more_rows", "loader: loader.misbehaves returned 2 rows, need at most the 1 that were asked for"},
           {"int_at_open", "loader: loader.misbehaves threw something that is no std::exception"}}) {
    const std::string line = of_loader(how);
    CHECK_MESSAGE(has(line, said), line);
    CHECK_MESSAGE(line.starts_with("input: --set graph.loader: "), line);
  }
}

TEST_CASE("what a noiser, a model and a loss return is looked at") {
  for (const auto& [node, in, how, said] : std::vector<std::tuple<std::string, std::string, std::string, std::string>>{
           {"noiser", "loader", "late", "returned 't' with "},
           {"noiser", "loader", "real_t", "returned 't' of type float64, need int64"},
           {"noiser", "loader", "scalar_weight", "returned 'weight' of shape [], need [96]"},
           {"noiser", "loader", "no_noise", "returned 'noise' of no shape (undefined), need 96 rows"},
           {"noiser", "loader", "no_xt", "returned no 'xt' (an undefined tensor), need one"},
           {"noiser", "loader", "half", "returned 'xt' of type float16, need float32"},
           {"noiser", "loader", "one_row", "returned 'xt' of shape [1, 2], need [96, 2]"},
           {"model", "noiser", "narrow", "returned 'output' of shape [48, 1], need [48, 2]"},
           {"model", "noiser", "undefined", "returned no 'output' (an undefined tensor), need one"},
           {"model", "noiser", "detached", "returned 'output' without a gradient (detached?)"},
           {"model", "noiser", "whole", "returned 'output' of type int64, need float32"},
           {"loss", "model", "mean", "returned 'loss' of shape [], need [48]"},
           {"loss", "model", "detached", "returned 'loss' without a gradient (detached?)"},
           {"loss", "model", "undefined", "returned no 'loss' (an undefined tensor), need one"}}) {
    const std::string line = of_node(node, in, how), at = "failed: --set graph." + node + ": " + node + ": ";
    CHECK_MESSAGE(line.starts_with(at + node + ".misbehaves " + said), line);
  }
  CHECK(has(of_node("model", "noiser", "nothing"), "model: model.misbehaves returned nothing, need a network"));
}

TEST_CASE("what a schedule and a weighting return is known before anything is trained") {
  for (const auto& [how, said] : std::vector<std::pair<std::string, std::string>>{
           {"short", "the schedule returned 'beta' of shape [4], need [12]"},
           {"float", "the schedule returned 'beta' of type float32, need float64"},
           {"undefined", "the schedule returned no 'beta' (an undefined tensor), need one"},
           {"negative", "got β = -0.1 at t = 1, need a value in (0, 1]"},
           {"nan", "got β = nan at t = 1, need a value in (0, 1]"},
           {"int", "schedule.misbehaves: threw something that is no std::exception"}}) {
    const std::string line = of_schedule(how);
    CHECK_MESSAGE(has(line, "process.schedule: " + said), line);
    CHECK_MESSAGE(line.starts_with("input: "), line);
  }
  CHECK(has(of_schedule("scalar", "continuous"), "the schedule returned 'log_snr' of shape [], need [1000]"));
  CHECK(has(of_schedule("rising", "continuous"), "need a value in (0, 1]"));
  const std::string flat = outcome_of({"graph.loss={plugin: loss.simple, in: model, weighting: flat}"});
  CHECK_MESSAGE(has(flat, "loss.weighting: weighting.flat returned 'weight' of shape [3], need [3, 1, 1]"), flat);
  CHECK(flat.starts_with("input: "));
}

TEST_CASE("what a sampler returns is looked at, and nothing of it is written") {
  for (const auto& [how, said] : std::vector<std::pair<std::string, std::string>>{
           {"one", "sampler.misbehaves returned 'samples' of shape [1, 2], need [8, 2]"},
           {"wide", "sampler.misbehaves returned 'samples' of shape [8, 4], need [8, 2]"},
           {"bf16", "sampler.misbehaves returned 'samples' of type bfloat16, need float32"},
           {"undefined", "sampler.misbehaves returned no 'samples' (an undefined tensor), need one"},
           {"nan", "sampler.misbehaves returned 1 of 8 samples with numbers that are not finite"},
           {"frame, frames: 3", "sampler.misbehaves returned 'frames' of shape [8, 7], need [8, 2]"}}) {
    const std::string line = of_sampler(how);
    CHECK_MESSAGE(line.starts_with("failed: --set graph.s: s: " + said), line);
  }
}

TEST_CASE("what a metric returns is looked at, and what its sink throws ends the run with the node's name") {
  for (const auto& [how, said] : std::vector<std::pair<std::string, std::string>>{
           {"nothing", "metric.misbehaves returned nothing, need a sink"},
           {"undefined_map", "metric.misbehaves returned no 'x0' (an undefined tensor), need one"},
           {"undefined", "metric.misbehaves returned no 'curve' (an undefined tensor), need one"},
           {"curve", "metric.misbehaves returned 'curve' of shape [13], need [12]"},
           {"axis", "metric.misbehaves returned 'curve' of shape [12], need [3]"},
           {"closest", "metric.misbehaves returned 'closest' of shape [5, 9], need [any, 2]"},
           {"nan", "metric.misbehaves returned ratio = nan, need a finite number"},
           {"infinite", "metric.misbehaves returned ratio = -inf, need a finite number"},
           {"throws_in_map", "got no luck"},
           {"throws_in_add", "got no luck"},
           {"throws_in_finish", "got no luck"}}) {
    const std::string line = of_metric(how);
    CHECK_MESSAGE(line.starts_with("failed: --set graph.m: m: " + said), line);
  }
}

TEST_CASE("a number that is not finite is an error at the end, and all other results stay") {
  const scratch_folder out;
  const auto run_with = [&](const std::string& every) {
    config::value document = config::parse_text(small_pipeline, "small.yaml");
    for (const std::string& change :
         {std::string("trainer.steps=5"), "m={plugin: metric.misbehaves, of: model, how: nan" + every + "}",
          "bound={plugin: metric.bound, of: model, samples: 8" + every + "}",
          std::string("s={plugin: sampler.ddim, of: model, count: 8}"),
          std::string("w={plugin: writer.hdf5, in: s, file: s.h5}")})
      config::apply_override(document, "graph." + change);
    run(make_plan(document, with_misbehaving()), {out.path, if_there::replace, 2, true});
  };
  for (const std::string every : {"", ", every: 2"}) {
    CAPTURE(every);
    CHECK_THROWS_WITH_AS(run_with(every), doctest::Contains("m: metric.misbehaves returned ratio = nan"), error);
    CHECK(storage::load_checkpoint(out.path / "checkpoint").meta.at("step") == 5);
    const std::string records = storage::read_file(out.path / "metrics.jsonl");
    CHECK(has(records, "\"name\":\"K\""));
    CHECK(!has(records, "\"node\":\"m\""));
    CHECK(std::filesystem::exists(out.path / "s.h5"));
  }
  CHECK(of_metric("no_error") == "");  // an error may be unknown
}

TEST_CASE("samples that are not finite on the way do not end the training that may yet mend them") {
  const scratch_folder out;
  config::value document = config::parse_text(small_pipeline, "small.yaml");
  config::apply_override(document, "graph.trainer.steps=5");
  config::apply_override(document, "graph.s={plugin: sampler.misbehaves, of: model, count: 8, how: nan, every: 2}");
  config::apply_override(document, "graph.w={plugin: writer.hdf5, in: s, file: s.h5}");
  std::string said;
  try {
    run(make_plan(document, with_misbehaving()), {out.path, if_there::refuse, 2, true});
  } catch (const error& e) {
    said = e.what();
  }
  CHECK(has(said, "1 of 8 samples with numbers that are not finite"));
  CHECK(storage::load_checkpoint(out.path / "checkpoint").meta.at("step") == 5);
  for (const char* file : {"s.h5", "s-step-2.h5", "s-step-4.h5"}) CHECK(!std::filesystem::exists(out.path / file));
}

TEST_CASE("what a transform returns is looked at") {
  const auto of = [](const std::string& how) {
    return outcome_of({"graph.s={plugin: transform.misbehaves, in: loader, how: " + how + "}", "graph.noiser.in=s"});
  };
  CHECK(of("well") == "");
  CHECK(has(of("fewer"), "--set graph.s: s: transform.misbehaves returned 0 of 1 rows, need each row that it got"));
  CHECK(has(of("wide"), "s: transform.misbehaves returned 'x0' of shape [1, 4], need [any, 2]"));
  CHECK_MESSAGE(has(of("nan"), "need finite numbers"), of("nan"));
  CHECK(has(of("nan"), "s: transform.misbehaves returned 'x0' with "));
  CHECK(has(of("complex"), "s: transform.misbehaves returned 'x0' of"));
  CHECK(has(of("nothing"), "s: transform.misbehaves returned no 'x0'"));
  CHECK(has(of("throws"), "s: transform.misbehaves threw"));
}

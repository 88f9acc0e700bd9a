// The JSON Schema and the program agree on what a pipeline is.
#include "judging.hpp"
#include "noneq/config/overrides.hpp"

using namespace testing;

namespace {

noneq::config::value tiny_changed(const std::vector<std::string>& changes) {
  noneq::config::value document = noneq::config::parse_text(tiny_pipeline, "tiny.yaml");
  for (const std::string& change : changes) noneq::config::apply_override(document, change);
  return document;
}

// The blocks of a page that are pipelines, or nodes of one, as whole pipelines.
std::vector<std::string> pipelines_in(const std::filesystem::path& page) {
  std::vector<std::string> all;
  std::istringstream lines(text_of(page));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!inside && line == "```yaml") {
      inside = true;
      all.emplace_back();
    } else if (inside && line.starts_with("```")) {
      inside = false;
      if (all.back().starts_with("  ")) all.back() = "name: fragment\ngraph:\n" + all.back();
      if (all.back().starts_with("#")) all.pop_back();  // a comment that stands above a pipeline
    } else if (inside) {
      all.back() += line + "\n";
    }
  }
  return all;
}

}

TEST_CASE("every shipped pipeline is valid by its schema, and with all its defaults written out") {
  int seen = 0;
  for (const auto& file : shipped_pipelines()) {
    ++seen;
    const noneq::config::value document = noneq::config::parse_pipeline(file);
    CHECK_MESSAGE(valid(noneq::config::parse_file(file)), file.string());
    CHECK_MESSAGE(valid(document), file.string());
    if (!says(text_of(file), "trainer:")) continue;  // takes runs of others
    CHECK_MESSAGE(valid(noneq::flow::make_plan(document, shipped_plugins()).resolved()), file.string());
  }
  CHECK(seen >= 18);
}

// That the program accepts them is tested by tests/docs/run.sh.
TEST_CASE("every pipeline and every node in the pages is valid by the schema") {
  int seen = 0;
  std::vector<std::filesystem::path> pages{"README.md", "pipelines/README.md"};
  for (const auto& file : std::filesystem::directory_iterator("docs"))
    if (file.path().extension() == ".md") pages.push_back(file.path());
  for (const auto& page : pages)
    for (const std::string& yaml : pipelines_in(page)) {
      ++seen;
      CHECK_MESSAGE(valid(noneq::config::parse_text(yaml, page.string())), yaml);
    }
  CHECK(seen >= 14);
}

TEST_CASE("what the program takes, the schema takes") {
  for (const std::vector<std::string>& changes : std::vector<std::vector<std::string>>{
           {},
           {"name=2015"},
           {"process.schedule=cosine"},
           {"process.schedule=schedule.cosine"},
           {"process.schedule={plugin: schedule.cosine, steps: 20}"},
           {"process.schedule.steps=continuous"},
           {"graph.loader=loader.swiss_roll"},
           {"graph.model.hidden=8"},
           {"graph.bound.every=5"},
           {"graph.bound.at=end"},
           {"graph.bound={plugin: metric.bound, of: model, in: loader}"},
           {"graph.distance={plugin: metric.frechet, in: sampler, features: {plugin: pca, components: 2}}"},
           {"graph.windows={plugin: metric.parzen, in: sampler, at: end}"},
           {"graph.noiser.time={plugin: antithetic}"},
           {"graph.sampler.grid=grid.karras"}}) {
    const noneq::config::value document = tiny_changed(changes);
    const std::string which = changes.empty() ? "" : changes.front();
    CHECK_MESSAGE(problems_of(document) == "", which);
    CHECK_MESSAGE(valid(document), which);
  }
}

TEST_CASE("what the program refuses by its tables, the schema refuses") {
  for (const std::string change : {"graph.model.hiden=[8]",
                                   "seeed=3",
                                   "name=a/b",
                                   "process.kernel=",
                                   "process.noise=1",
                                   "process.schedule.steps=many",
                                   "process.schedule.steps=1",
                                   "graph.loader.batch=many",
                                   "graph.loader.batch=0",
                                   "graph.loader.batch=2.5",
                                   "graph.loader.batch=[1, 2]",
                                   "graph.loader.plugin=loader.swiss_rol",
                                   "graph.loader.plugin=swiss_roll",
                                   "graph.loader.in=model",
                                   "graph.loss.in=",
                                   "graph.loss.in=[]",
                                   "graph.loss.of=model",
                                   "graph.loss.every=5",
                                   "graph.bound.of=",
                                   "graph.bound.every=0",
                                   "graph.bound.at=start",
                                   "graph.bound.as={x0: x1}",
                                   "graph.samples.file=",
                                   "graph.samples.as={samples: a/b}",
                                   "graph.trainer.ema=[0.9, much]",
                                   "graph.trainer.decay=slow",
                                   "graph.noiser.time=often",
                                   "graph.noiser.time={plugin: uniform, speed: 1}",
                                   "graph.sampler.start={from: x0}",
                                   "graph.sampler.start={from: x0, t: 3, deviation: 1}",
                                   "graph.windows={plugin: metric.parzen, in: sampler, of: model}",
                                   "graph.windows={plugin: metric.parzen, of: model}",
                                   "graph.windows={plugin: metric.parzen, in: sampler, every: 5}",
                                   "graph.kernel=kernel.gaussian"}) {
    const noneq::config::value document = tiny_changed({change});
    CHECK_MESSAGE(problems_of(document) != "", change);
    CHECK_MESSAGE(!valid(document), change);
  }
}

TEST_CASE("a file that extends another states a part of a pipeline, and typos in it are refused") {
  const auto verdict = [](const std::string& yaml) {
    return valid(noneq::config::parse_text("extends: base.yaml\n" + yaml, "variant.yaml"));
  };
  for (const std::string yaml :
       {"", "seed: 4", "seed: null", "name: b", "name: other", "process: {schedule: {steps: 500}}",
        "process: {schedule: cosine}", "process: {variance: null}", "graph: {trainer: {steps: 100}}",
        "graph: {bound: null}", "graph: {trainer: {plugin: trainer.adam, ema: null}}",
        "graph: {noiser: {time: {power: null}}}", "graph: {noiser: {plugin: noiser.marginal, time: {power: null}}}",
        "graph: {loss: loss.simple}", "graph: {out: {plugin: writer.hdf5, in: sampler}}",
        "graph: {loss: {plugin: loss.simple}}", "graph: {trainer: {rate: 1}}",
        "process: {schedule: cosine, mean: {plugin: v}, variance: null}"})
    CHECK_MESSAGE(verdict(yaml), yaml);
  for (const std::string yaml :
       {"seeed: 4", "seed: many", "process: {schedul: {steps: 500}}", "process: {schedule: {stepps: 500}}",
        "process: {schedule: {plugin: cosin}}", "graph: {trainer: {stepps: 100}}",
        "graph: {trainer: {plugin: trainer.adm}}", "graph: {trainer: {plugin: trainer.adam, steps: -1}}",
        "graph: {trainer: {plugin: trainer.adam, hidden: 3}}", "graph: {loss: loss.simpel}", "graph: 3",
        "graph: {bound: 3}", "process: {noise: 1}"})
    CHECK_MESSAGE(!verdict(yaml), yaml);
  for (const std::string alone : {"{extends: [a.yaml]}", "{extend: a.yaml}", "{graph: {trainer: {rate: 1}}, name: x}"})
    CHECK_MESSAGE(!valid(noneq::config::parse_text(alone, "variant.yaml")), alone);
}

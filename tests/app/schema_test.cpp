// The JSON Schema and the program agree on what a pipeline is; the schema is judged by a validator that is not ours.
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/storage/files.hpp"
#include "tiny.hpp"

using namespace testing;
using nlohmann::json;

namespace {

using adapter = valijson::adapters::NlohmannJsonAdapter;

// A schema cannot be copied, so it is made where it stays.
struct printed_schema {
  printed_schema() {
    const outcome o = program({"schema"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    REQUIRE(o.err == "");
    const json document = json::parse(o.out);
    valijson::SchemaParser().populateSchema(adapter(document), schema);
  }
  valijson::Schema schema;
};

const valijson::Schema& pipeline_schema() {
  static const printed_schema printed;
  return printed.schema;
}

bool valid(const noneq::config::value& document) {
  const json j = json::parse(noneq::config::to_json(document).dump());
  return valijson::Validator().validate(pipeline_schema(), adapter(j), nullptr);
}

// The problems that the program itself finds; "" for none.
std::string problems_of(const noneq::config::value& document) {
  static noneq::registry plugins({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  try {
    noneq::flow::make_plan(document, plugins);
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

noneq::config::value tiny_changed(const std::vector<std::string>& changes) {
  noneq::config::value document = noneq::config::parse_text(tiny_pipeline, "tiny.yaml");
  for (const std::string& change : changes) noneq::config::apply_override(document, change);
  return document;
}

}

TEST_CASE("every shipped pipeline is valid by its schema, and with all its defaults written out") {
  int seen = 0;
  for (const auto& file : std::filesystem::directory_iterator("pipelines")) {
    if (file.path().extension() != ".yaml") continue;
    ++seen;
    const noneq::config::value document = noneq::config::parse_file(file.path());
    CHECK_MESSAGE(valid(document), file.path().string());
    if (noneq::storage::read_file(file.path()).find("trainer:") == std::string::npos) continue;  // takes runs of others
    static noneq::registry plugins({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
    CHECK_MESSAGE(valid(noneq::flow::make_plan(document, plugins).resolved()), file.path().string());
  }
  CHECK(seen >= 10);
}

TEST_CASE("what the program takes, the schema takes") {
  for (const std::vector<std::string>& changes : std::vector<std::vector<std::string>>{
           {},
           {"name=2015"},
           {"process.schedule=cosine"},
           {"process.schedule=schedule.cosine"},
           {"process.schedule.steps=continuous"},
           {"graph.loader=loader.swiss_roll"},
           {"graph.model.hidden=8"},
           {"graph.bound.every=5"},
           {"graph.bound.at=end"},
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
                                   "process.kernel=",
                                   "process.noise=1",
                                   "process.schedule.steps=many",
                                   "process.schedule.steps=1",
                                   "graph.loader.batch=many",
                                   "graph.loader.batch=0",
                                   "graph.loader.batch=2.5",
                                   "graph.loader.batch=[1, 2]",
                                   "graph.loader.plugin=loader.swiss_rol",
                                   "graph.loader.in=model",
                                   "graph.loss.in=",
                                   "graph.loss.of=model",
                                   "graph.loss.every=5",
                                   "graph.bound.of=",
                                   "graph.bound.every=0",
                                   "graph.bound.at=start",
                                   "graph.samples.file=",
                                   "graph.trainer.ema=[0.9, much]",
                                   "graph.trainer.decay=slow",
                                   "graph.noiser.time=often",
                                   "graph.noiser.time={plugin: uniform, speed: 1}",
                                   "graph.windows={plugin: metric.parzen, in: sampler, of: model}",
                                   "graph.windows={plugin: metric.parzen, of: model}",
                                   "graph.windows={plugin: metric.parzen, in: sampler, every: 5}",
                                   "graph.kernel=kernel.gaussian"}) {
    const noneq::config::value document = tiny_changed({change});
    CHECK_MESSAGE(problems_of(document) != "", change);
    CHECK_MESSAGE(!valid(document), change);
  }
}

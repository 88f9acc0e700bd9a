#include "noneq/config/extends.hpp"

#include <fstream>

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/parse.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::config;

namespace {

value yaml(const std::string& text, const std::string& file = "over.yaml") { return parse_text(text, file); }

const std::string base_text = R"(name: base
seed: 1
process:
  schedule: {plugin: cosine, steps: 200}
  mean: v
graph:
  model: {plugin: model.mlp, in: noiser, hidden: [8, 8], time: log_snr}
  bound: {plugin: metric.bound, of: model, every: 5, samples: 64}
  data: loader.swiss_roll
)";

value over_base(const std::string& text) { return merged(yaml(base_text, "base.yaml"), yaml(text)); }

struct files {
  testing::scratch folder;
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
  value read(const std::string& name) const { return parse_pipeline(folder / name); }
  std::string problem(const std::string& name) const {
    std::string text = thrown([&] { read(name); });
    const std::string place = folder.folder().string() + "/";
    for (auto at = text.find(place); at != text.npos; at = text.find(place)) text.erase(at, place.size());
    return text;
  }
};

}

TEST_CASE("nothing over a pipeline, and a pipeline over itself, are the pipeline") {
  const value base = yaml(base_text);
  CHECK(merged(base, value::map()) == base);
  CHECK(merged(base, base) == base);
  CHECK(merged(value::map(), base) == base);
}

TEST_CASE("maps are merged key by key; lists and scalars are replaced") {
  const value v = over_base("seed: 2\ngraph: {model: {hidden: [16]}, more: {plugin: metric.bound, of: model}}\n");
  CHECK(v.find("seed")->text() == "2");
  CHECK(v.find("name")->text() == "base");
  CHECK(*v.find("graph")->find("model") == yaml("{plugin: model.mlp, in: noiser, hidden: [16], time: log_snr}"));
  CHECK(v.find("graph")->entries().size() == 4);
}

TEST_CASE("another plugin takes none of the parameters of the one before, but stands where that stood") {
  const value v = over_base("graph: {model: {plugin: model.unet, channels: 8}, bound: metric.ceiling}\n");
  CHECK(*v.find("graph")->find("model") == yaml("{plugin: model.unet, in: noiser, channels: 8}"));
  CHECK(*v.find("graph")->find("bound") == yaml("{plugin: metric.ceiling, of: model, every: 5}"));
  CHECK(*over_base("process: {schedule: linear}").find("process")->find("schedule") == yaml("{plugin: linear}"));
}

TEST_CASE("a bare name is the plugin as a map, on either side") {
  for (const std::string same : {"cosine", "schedule.cosine", "{plugin: cosine}", "{plugin: schedule.cosine}"}) {
    CAPTURE(same);
    const value v = over_base("process: {schedule: " + same + "}");
    CHECK(v.find("process")->find("schedule")->find("steps")->text() == "200");
  }
  CHECK(*over_base("graph: {data: {batch: 8}}").find("graph")->find("data") ==
        yaml("{plugin: loader.swiss_roll, batch: 8}"));
  // A parameter that may be a text or a map of texts names no plugin.
  const value texts = merged(yaml("graph: {l: {plugin: loader.hdf5, read: x}}"), yaml("graph: {l: {read: {x: y}}}"));
  CHECK(*texts.find("graph")->find("l")->find("read") == yaml("{x: y}"));
}

TEST_CASE("null removes a node or a parameter, and is refused where there is none") {
  const value v = over_base("graph: {bound: null, model: {time: ~}}");
  CHECK(!v.find("graph")->contains("bound"));
  CHECK(!v.find("graph")->find("model")->contains("time"));
  CHECK(thrown([] { over_base("graph:\n  bond: null\n  model: {hiden: null}\n"); }) ==
        "over.yaml:2:3: graph.bond: got null, which removes what the extended file has, but it has no 'bond', did you "
        "mean 'bound'?\n"
        "over.yaml:3:11: graph.model.hiden: got null, which removes what the extended file has, but it has no "
        "'hiden', did you mean 'hidden'?");
}

TEST_CASE("every value keeps the place it was written at") {
  const value v = over_base("graph:\n  model: {hidden: [16]}\n");
  const value& model = *v.find("graph")->find("model");
  CHECK(model.find("hidden")->where().str() == "over.yaml:2:19");
  CHECK(model.key_place("hidden").str() == "over.yaml:2:11");
  CHECK(model.find("time")->where().str() == "base.yaml:7:64");
  CHECK(model.key_place("time").str() == "base.yaml:7:58");
  CHECK(v.find("seed")->where().str() == "base.yaml:2:7");
}

TEST_CASE("a file may extend one in another folder, which extends a third; the nearest file wins") {
  const files f;
  f.put("a/one.yaml", "extends: ../b/two.yaml\nname: one\n");
  f.put("b/two.yaml", "extends: three.yaml\nname: two\nseed: 2\n");
  f.put("b/three.yaml", "name: three\nseed: 3\nunit: 3\n");
  const value v = f.read("a/one.yaml");
  CHECK(v == yaml("{name: one, seed: 2, unit: 3}"));
  CHECK(v.find("unit")->where().str() == (f.folder / "b/three.yaml").string() + ":3:7");
  CHECK(f.read("b/three.yaml") == parse_file(f.folder / "b/three.yaml"));
}

TEST_CASE("a circle, a missing file and what is no pipeline are one error each, at the line that names the file") {
  const files f;
  f.put("a.yaml", "name: a\nextends: b.yaml\n");
  f.put("b.yaml", "extends: c.yaml\n");
  f.put("c.yaml", "extends: ./b.yaml\n");
  f.put("self.yaml", "extends: self.yaml\n");
  f.put("missing.yaml", "extends: d.yaml\n");
  f.put("near.yaml", "extends: missin.yaml\n");
  f.put("list.yaml", "extends: l.yaml\n");
  f.put("l.yaml", "[1]\n");
  f.put("number.yaml", "extends: [a.yaml, b.yaml]\n");
  CHECK(f.problem("a.yaml") ==
        "c.yaml:1:10: extends: got a circle of files: b.yaml extends c.yaml extends b.yaml; need a file that leads out "
        "of it");
  CHECK(f.problem("self.yaml") ==
        "self.yaml:1:10: extends: got a circle of files: self.yaml extends self.yaml; need a file that leads out of "
        "it");
  CHECK(f.problem("near.yaml") ==
        "near.yaml:1:10: extends: got 'missin.yaml', but there is no file missin.yaml, did you mean 'missing.yaml'?");
  CHECK(f.problem("missing.yaml").starts_with("missing.yaml:1:10: extends: got 'd.yaml', but there is no file d.yaml"));
  CHECK(f.problem("list.yaml") == "l.yaml:1:1: got a list, need a pipeline to extend, which is a map");
  CHECK(f.problem("number.yaml") == "number.yaml:1:10: extends: got a list, need a path");
}

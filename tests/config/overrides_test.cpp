#include "noneq/config/overrides.hpp"

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq;
using namespace noneq::config;

static value sample() { return parse_text(sample_pipeline, "a.yaml"); }

static std::string refused_override(const std::string& assignment) {
  value root = sample();
  const std::string text = thrown([&] { apply_override(root, assignment); });
  CHECK(root == sample());
  return text;
}

TEST_CASE("an override replaces, adds and makes maps on the way") {
  value root = sample();
  apply_override(root, "seed=8");
  apply_override(root, "process.schedule.steps=[1, {a: b=c}]");
  apply_override(root, "new.map.key=x");
  apply_override(root, "graph.model.hidden.0=64");
  apply_override(root, "graph.nothing.x=1");
  CHECK(root.find("seed")->text() == "8");
  CHECK(root.find("seed")->where().str() == "--set seed");
  CHECK(root.key_place("seed").str() == "a.yaml:3:1");
  const value* steps = root.find("process")->find("schedule")->find("steps");
  CHECK(steps->items()[1].find("a")->text() == "b=c");
  CHECK(steps->items()[1].find("a")->where().str() == "--set process.schedule.steps");
  CHECK(steps->items()[1].key_place("a").str() == "--set process.schedule.steps");
  CHECK(root.find("new")->where().str() == "--set new.map.key");
  CHECK(root.key_place("new").str() == "--set new.map.key");
  CHECK(root.find("new")->find("map")->find("key")->text() == "x");
  CHECK(root.find("graph")->find("model")->find("hidden")->items()[0].text() == "64");
  CHECK(root.find("graph")->find("nothing")->find("x")->text() == "1");
}

TEST_CASE("nothing after '=' takes out what is set, so that its default holds") {
  value root = sample();
  apply_override(root, "name=");
  apply_override(root, "process.schedule= ");
  CHECK(!root.contains("name"));
  CHECK(!root.find("process")->contains("schedule"));
  CHECK(root.find("process")->entries().size() + 1 == sample().find("process")->entries().size());
  CHECK(refused_override("graph.modle.hidden=") ==
        "--set graph.modle.hidden: got nothing after '=', which takes out what is set, but 'modle' is not set, did you "
        "mean 'model'?");
  CHECK(refused_override("seed.x=").find("'x' is not set") != std::string::npos);
  CHECK(refused_override("graph.model.hidden.0=").find("got an item of a list to take out") != std::string::npos);
}

TEST_CASE("null takes out what is set, as in a file that extends another") {
  value root = sample();
  apply_override(root, "name=null");
  apply_override(root, "process.schedule=~");
  CHECK(!root.contains("name"));
  CHECK(!root.find("process")->contains("schedule"));
  CHECK(refused_override("graph.modle=null") ==
        "--set graph.modle: got null, which takes out what is set, but 'modle' is not set, did you mean 'model'?");
}

TEST_CASE("a bare name on the way is a plugin with its defaults") {
  value root = parse_text("process: {schedule: cosine}", "a.yaml");
  apply_override(root, "process.schedule.steps=40");
  const value& schedule = *root.find("process")->find("schedule");
  CHECK(schedule == value::map({{"plugin", value::scalar("cosine")}, {"steps", value::scalar("40")}}));
  CHECK(schedule.where().str() == "a.yaml:1:21");
  CHECK(schedule.find("plugin")->where().str() == "a.yaml:1:21");
}

TEST_CASE("overrides work on an empty root") {
  value root;
  apply_override(root, "a.b=1");
  CHECK(root == value::map({{"a", value::map({{"b", value::scalar("1")}})}}));
}

TEST_CASE("what cannot be set is refused and changes nothing") {
  CHECK(refused_override("seed") == "--set seed: got no '=', need a.b.c=value");
  CHECK(refused_override("=3") == "--set =3: got no path before '=', need a.b.c=value");
  CHECK(refused_override("=3\n4") == "--set =3: got no path before '=', need a.b.c=value");
  CHECK(refused_override("a..b=3") == "--set a..b: got an empty name in the path, need a.b.c=value");
  CHECK(refused_override("a.=3") == "--set a.: got an empty name in the path, need a.b.c=value");
  CHECK(refused_override("seed.x=3") == "--set seed.x: seed is the number 7, need a map to set 'x' in");
  CHECK(refused_override("graph.model.hidden.3=1") ==
        "--set graph.model.hidden.3: got index '3' into a list, need 0 to 2");
  CHECK(refused_override("graph.model.hidden.x=1") ==
        "--set graph.model.hidden.x: got index 'x' into a list, need 0 to 2");
  CHECK(refused_override("graph.model.hidden.-1=1").find("got index '-1'") != std::string::npos);
  CHECK(refused_override("new.x=[1") == "--set new.x: got a list as a key, need a name (or is a ']' missing?)");
}

TEST_CASE("a path that could not stand in a file is refused, because the pipeline is stored and read back") {
  std::string deep = "a";
  for (int level = 1; level < 64; ++level) deep += ".a";
  value root = sample();
  apply_override(root, deep + "=1");
  apply_override(root, std::string(128, 'k') + "=1");
  apply_override(root, "a line\nand <<.<<=1");
  CHECK(parse_text(to_yaml(root), "") == root);
  CHECK(refused_override(deep + ".a=1").ends_with("got more than 64 levels of lists and maps, need a shorter path"));
  CHECK(refused_override(deep + "=[1]").ends_with("got more than 64 levels of lists and maps, need a shorter path"));
  std::string longest = "a";
  for (int level = 1; level < 100'000; ++level) longest += ".a";
  CHECK(refused_override(longest + "=1").find("got more than 64 levels") != std::string::npos);
  CHECK(refused_override(std::string(129, 'k') + "=1").find("got a name of 129 bytes in the path, need at most 128") !=
        std::string::npos);
  CHECK(refused_override("a.\xff=1").find("got a name in the path that is not UTF-8") != std::string::npos);
}

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/config/emit.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

TEST_CASE("a resolved plan holds every default and reads back to itself") {
  const plan p = small_plan();
  const config::value resolved = p.resolved();
  CHECK(resolved.find("graph")->find("trainer")->find("prefetch")->text() == "4");
  CHECK(make_plan(config::parse_text(config::to_yaml(resolved), "again.yaml"), test_plugins()).resolved() == resolved);
}

TEST_CASE("nodes are put into running order, whatever the order in the file") {
  const plan p = small_plan(
      {"graph.early={plugin: writer.hdf5, in: late, file: a.h5}", "graph.late={plugin: sampler.ancestral, of: model}"});
  const auto at = [&](const std::string& id) {
    return std::find_if(p.nodes.begin(), p.nodes.end(), [&](const plan_node& n) { return n.id == id; }) -
           p.nodes.begin();
  };
  CHECK(at("model") < at("late"));
  CHECK(at("late") < at("early"));
  REQUIRE(p.streams.size() == 2);
  CHECK(p.streams[0].nodes == std::vector<std::string>{"loader", "noiser", "model", "loss", "trainer"});
  CHECK(p.streams[1].nodes == std::vector<std::string>{"late", "early"});
}

TEST_CASE("the training's first loader is that of the noiser's first input, wherever they stand in the file") {
  std::string text = small_pipeline;
  text.insert(text.find("  loader:"), "  more: {plugin: loader.swiss_roll, batch: 96}\n");
  text.replace(text.find("in: loader}"), 11, "in: [loader, more], as: {more.x0: y}}");
  CHECK(small_plan({}, text.c_str()).training().loader.id == "loader");
}

TEST_CASE("each meaningless pipeline is refused with its reason") {
  CHECK(problems_of({"graph.model.in=noisr"}).find("there is no node 'noisr', did you mean 'noiser'?") !=
        std::string::npos);
  CHECK(problems_of({"graph.model.hiden=[3]"}).find("has no parameter 'hiden', did you mean 'hidden'?") !=
        std::string::npos);
  CHECK(problems_of({"graph.trainer.rate=-1"}).find("trainer.rate: got -1.0, need a value in (0, ") !=
        std::string::npos);
  CHECK(problems_of({"process.schedule=cosin"}).find("did you mean 'cosine'?") != std::string::npos);
  CHECK(problems_of({"process.kernel=binomial"}).find("space") != std::string::npos);
  CHECK(problems_of({"process.schedule=reciprocal", "process.mean=epsilon"}).find("β_T = 1") != std::string::npos);
  CHECK(problems_of({"process.schedule.plugin=learned", "graph.loss=loss.simple"}) != "");
  CHECK(problems_of({"graph.w={plugin: writer.hdf5, in: loader, file: a.h5}"}).find("need the steps between batches") !=
        std::string::npos);
  CHECK(problems_of({"graph.s={plugin: sampler.ancestral, of: model, steps: 13}"}).find("13") != std::string::npos);
  CHECK(problems_of({"colour=red"}).find("unknown key 'colour'") != std::string::npos);
  CHECK(problems_of({"graph.loader2=loader.swiss_roll"}).find("gives its rows to no node") != std::string::npos);
  CHECK(problems_of({"graph.loader.in=trainer"}) != "");
}

TEST_CASE("all problems of a file come at once") {
  const std::string all = problems_of({"graph.model.hiden=[3]", "graph.trainer.rate=-1", "process.schedule=cosin"});
  CHECK(std::count(all.begin(), all.end(), '\n') >= 2);
}

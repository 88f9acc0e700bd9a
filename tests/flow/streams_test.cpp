// The cut of a graph into streams, without plugins.
#include "noneq/flow/streams.hpp"

#include "doctest.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

drawn_node node(std::string id, node_kind kind, std::vector<std::string> in = {}) {
  drawn_node n;
  n.id = std::move(id), n.kind = kind, n.in = std::move(in);
  return n;
}

using names = std::vector<std::string>;

std::vector<drawn_node> training() {
  std::vector<drawn_node> all{node("data", node_kind::source),
                              node("scaled", node_kind::transform, {"data"}),
                              node("noiser", node_kind::transform, {"scaled"}),
                              node("model", node_kind::transform, {"noiser"}),
                              node("loss", node_kind::transform, {"model"}),
                              node("trainer", node_kind::sink, {"loss"})};
  all[3].reads_state = true;
  all[5].trains = true;
  return all;
}

drawn_node sampler_node(std::string id, std::int64_t every, names in = {}) {
  drawn_node n = node(std::move(id), node_kind::transform, std::move(in));
  n.of = true, n.every = every;
  return n;
}

}

TEST_CASE("the gate stands before the first node that reads what the trainer writes") {
  auto nodes = training();
  const auto s = cut_into_streams(nodes);
  REQUIRE(s.size() == 1);
  CHECK(s[0].trains);
  CHECK(s[0].nodes == names{"data", "scaled", "noiser", "model", "loss", "trainer"});
  CHECK(s[0].gated == names{"model", "loss"});
  nodes[2].reads_state = true;  // an adaptive time sampler
  CHECK(cut_into_streams(nodes)[0].gated == names{"noiser", "model", "loss"});
}

TEST_CASE("what hangs on the training belongs to its stream; what takes the model has a stream of its own") {
  auto nodes = training();
  nodes.push_back(node("noised", node_kind::sink, {"noiser"}));
  nodes.push_back(node("halves", node_kind::transform, {"loss"}));
  nodes.push_back(node("halved", node_kind::sink, {"halves"}));
  nodes.push_back(sampler_node("drawn", 50));
  nodes.push_back(node("file", node_kind::sink, {"drawn"}));
  nodes.push_back(node("distance", node_kind::sink, {"drawn"}));
  nodes.push_back(node("figure", node_kind::sink, {"distance"}));
  nodes.push_back(sampler_node("filled", 0, {"data"}));
  nodes.push_back(node("pictures", node_kind::sink, {"filled"}));
  const auto s = cut_into_streams(nodes);
  REQUIRE(s.size() == 3);
  for (const char* id : {"noised", "halves", "halved"}) CHECK(s[0].has(id));
  CHECK_FALSE(s[0].has("drawn"));
  CHECK(s[0].gated == names{"model", "loss"});
  CHECK(s[1].nodes == names{"drawn", "file", "distance", "figure"});
  CHECK(s[1].every == 50);
  CHECK(s[2].nodes == names{"data", "filled", "pictures"});
  CHECK(s[2].every == 0);
}

TEST_CASE("without a trainer all that shares a source is one stream, and the rest are others") {
  const std::vector<drawn_node> nodes{
      node("a", node_kind::source),           node("b", node_kind::source),
      node("c", node_kind::source),           node("both", node_kind::transform, {"a", "b"}),
      node("out", node_kind::sink, {"both"}), node("copy", node_kind::sink, {"b"}),
      node("other", node_kind::sink, {"c"})};
  const auto s = cut_into_streams(nodes);
  REQUIRE(s.size() == 2);
  CHECK(s[0].nodes == names{"a", "b", "both", "out", "copy"});
  CHECK(s[1].nodes == names{"c", "other"});
  CHECK_FALSE(s[0].trains);
}

TEST_CASE("streams keep the order of their first sinks, also when a later sink joins one") {
  auto nodes = training();
  for (const char* id : {"bound", "ceiling"}) {
    nodes.push_back(node(id, node_kind::sink));
    nodes.back().of = true;
  }
  nodes.push_back(node("curve", node_kind::sink, {"bound"}));
  const auto s = cut_into_streams(nodes);
  REQUIRE(s.size() == 3);
  CHECK(s[1].nodes == names{"bound", "curve"});
  CHECK(s[2].nodes == names{"ceiling"});
}

#include "noneq/flow/profile.hpp"

#include <thread>

#include "doctest.hpp"
#include "flow/pipeline.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

TEST_CASE("a profile advises what changes the node that limits the rest") {
  const plan p = small_plan({"graph.scaled={plugin: transform.standardise, in: loader}", "graph.noiser.in=scaled"});
  const plan stored = small_plan({"graph.loader={plugin: loader.hdf5, file: a.h5}"});
  const auto advice = [](const plan& of, const std::string& slow, int threads) {
    profile seen;
    for (const plan_node& n : of.nodes) {
      const node_call c{n, calling::run, 0};
      seen.begins(c);
      std::this_thread::sleep_for(std::chrono::milliseconds(n.id == slow ? 40 : 1));
      seen.ended(c);
    }
    const std::string all = seen.report(0, threads, 2).bottleneck;
    CHECK_MESSAGE(all.starts_with(slow + " takes "), all);
    return all.substr(all.find(": ") + 2);
  };
  CHECK(advice(p, "loader", 2) == "write its rows to a file once, by noneq data make, or lower its batch");
  CHECK(advice(stored, "loader", 2) == "store the data uncompressed or in larger chunks, or lower its batch");
  CHECK(advice(p, "scaled", 2) ==
        "apply it once to the file, where it draws nothing at random, or lower the loader's batch");
  // The gradient of the network is taken within the loss; shards help where there are threads for them.
  for (const std::string node : {"model", "loss"}) {
    CHECK(advice(p, node, 2) == "make the network smaller, or lower the loader's batch");
    CHECK(advice(p, node, 4) ==
          "raise the trainer's shards from 2 to 4, make the network smaller, or lower the loader's batch");
  }
  CHECK(advice(p, "trainer", 2) == "raise the loader's batch, so that each step does more");
}

#include "doctest.hpp"
#include "flow/pipeline.hpp"

#include "noneq/flow/stop.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

TEST_CASE("prefetch and threads do not change a bit of the result") {
  const auto one = run_small({"graph.trainer.prefetch=1"}, 1);
  CHECK(differences(one.saved, run_small({"graph.trainer.prefetch=8"}, 1).saved) == "");
  CHECK(differences(one.saved, run_small({"graph.trainer.prefetch=8"}, 2).saved) == "");
  CHECK(differences(one.saved, run_small({"seed=4"}, 1).saved) != "");
}

TEST_CASE("the same holds for a learned schedule, adaptive times and walked noise") {
  for (const std::vector<std::string>& variant : {std::vector<std::string>{"process.schedule.plugin=learned"},
                                                  {"graph.noiser.time=loss_second_moment", "graph.trainer.steps=200"},
                                                  {"graph.noiser.plugin=noiser.trajectory"}}) {
    CAPTURE(variant[0]);
    auto slow = variant, fast = variant;
    slow.push_back("graph.trainer.prefetch=1");
    fast.push_back("graph.trainer.prefetch=8");
    CHECK(differences(run_small(slow, 1).saved, run_small(fast, 2).saved) == "");
  }
}

TEST_CASE("N steps are N/2, a resumed N/2, bit for bit") {
  for (const std::vector<std::string>& variant : {std::vector<std::string>{"process.schedule.plugin=learned"},
                                                  {"graph.noiser.time=loss_second_moment"},
                                                  {"graph.trainer.plugin=trainer.adamw"}}) {
    CAPTURE(variant[0]);
    const auto whole = run_small(variant);
    scratch_folder folder;
    auto half = variant;
    half.push_back("graph.trainer.steps=12");
    run_small(half, 2, folder);
    const auto resumed = run_small(variant, 1, folder, if_there::resume);
    CHECK(differences(whole.saved, resumed.saved) == "");
    CHECK(resumed.saved.meta.at("step") == 24);
  }
}

TEST_CASE("shards change sums by rounding only") {
  const auto one = run_small({"graph.trainer.shards=1"}), three = run_small({"graph.trainer.shards=3"});
  for (const auto& [name, tensor] : one.saved.tensors) {
    CAPTURE(name);
    if (name.starts_with("model.")) CHECK(at::allclose(tensor, three.saved.tensors.at(name), 1e-3, 1e-4));
  }
}

TEST_CASE("more shards than samples are no problem") {
  CHECK(run_small({"graph.loader.batch=3", "graph.trainer.shards=8"}).saved.meta.at("step") == 24);
}

TEST_CASE("a stop finishes the step, saves, and the rest gives the same bits") {
  const auto whole = run_small({});
  scratch_folder folder;
  ask_to_stop();
  CHECK_THROWS_AS(run_small({}, 2, folder), interrupted);
  forget_stop();
  CHECK(storage::load_checkpoint(folder.path / "checkpoint").meta.at("step") == 1);
  CHECK(differences(whole.saved, run_small({}, 2, folder, if_there::resume).saved) == "");
}

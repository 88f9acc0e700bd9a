// shards: auto follows the CPUs that the process may use, and a run that goes on keeps its number.
#include <sched.h>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/core/cpu_quota.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

std::int64_t shards_of(const plan& p) { return p.training().trainer.as<trainer>().shards; }

std::string stated(const config::value& resolved) {
  return resolved.find("graph")->find("trainer")->find("shards")->text();
}

const std::vector<std::string> automatic{"graph.trainer.shards=auto"};

std::vector<std::string> operator+(std::vector<std::string> all, const std::string& one) {
  return all.push_back(one), all;
}

// As taskset starts a program: on the first of its CPUs only.
struct on_one_cpu {
  on_one_cpu() {
    ::sched_getaffinity(0, sizeof before, &before);
    cpu_set_t one;
    CPU_ZERO(&one);
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    CPU_SET(first, &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  }
  ~on_one_cpu() { ::sched_setaffinity(0, sizeof before, &before); }
  cpu_set_t before;
};

}

TEST_CASE("shards: auto is the number of CPUs, at most the batch, and the resolved pipeline states it") {
  const plan p = small_plan(automatic);
  CHECK(shards_of(p) == std::min<std::int64_t>(usable_cpus(), 96));
  CHECK(stated(p.resolved()) == std::to_string(shards_of(p)));
  CHECK(shards_of(p.fresh()) == shards_of(p));
  CHECK(shards_of(small_plan(automatic + "graph.loader.batch=1")) == 1);
  CHECK(shards_of(small_plan({"graph.trainer.shards=7"})) == 7);
  const on_one_cpu taskset;
  CHECK(shards_of(small_plan(automatic)) == 1);
}

TEST_CASE("shards that are neither a number nor auto are refused with their place") {
  CHECK(problems_of({"graph.trainer.shards=many"}) ==
        "--set graph.trainer.shards: trainer.shards: got 'many', need an integer, or auto");
  CHECK(has(problems_of({"graph.trainer.shards=0"}), "trainer.shards: got 0, need a value in [1, 256]"));
}

TEST_CASE("a run that goes on keeps its number of shards on a machine with other CPUs, bit for bit") {
  const auto whole = run_small({"graph.trainer.shards=3"});
  scratch_folder folder;
  run_small({"graph.trainer.shards=3", "graph.trainer.steps=12"}, 2, folder);
  const on_one_cpu another_machine;
  const auto resumed = run_small(automatic, 1, folder, if_there::resume);
  CHECK(differences(whole.saved, resumed.saved) == "");
  CHECK(stated(config::parse_file(folder.path / "pipeline.yaml")) == "3");
}

TEST_CASE("a stated number other than the run's is refused, as every other change is") {
  scratch_folder folder;
  run_small({"graph.trainer.shards=3", "graph.trainer.steps=12"}, 2, folder);
  std::string refusal;
  try {
    run_small({"graph.trainer.shards=2"}, 1, folder, if_there::resume);
  } catch (const input_error& e) {
    refusal = e.what();
  }
  CHECK(has(refusal, "trainer.shards: got 2, need 3, with which the run in "));
}

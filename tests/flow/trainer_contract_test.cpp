// What roles/trainer.hpp asks of an optimizer and its state is tried when a pipeline is checked.
#include "noneq/plugin/trainer_contract.hpp"

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/pieced_optimizer.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

instance trainer_of(const std::string& yaml) {
  static const std::filesystem::path build = std::getenv("NONEQ_BUILD");
  static registry plugins({build / "plugins", build / "tests" / "plugins"});
  config::problems found;
  instance made = instantiate("trainer", config::parse_text(yaml, "t.yaml"), {plugins, found, "trainer"});
  found.raise();
  return made;
}

std::string refusal(const std::string& how) {
  const instance made = trainer_of("{plugin: misbehaves, how: " + how + "}");
  try {
    check_optimizer(static_cast<const trainer&>(*made.made), "trainer.misbehaves");
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}

TEST_CASE("trainers that keep the contract pass") {
  CHECK(refusal("well") == "");
  for (const char* name : {"adam", "adamw"}) {
    const instance made = trainer_of(name);
    CHECK_NOTHROW(check_optimizer(static_cast<const trainer&>(*made.made), name));
  }
}

TEST_CASE("each part of the contract is looked at") {
  CHECK(has(refusal("nothing"), "trainer.misbehaves returned nothing, need a libtorch optimizer"));
  CHECK(has(refusal("no_position"), "got the name 'velocity', need '<position>.<name>', as in '0.momentum'"));
  CHECK(has(refusal("twice"), "trainer.misbehaves returned the state '0.velocity' twice"));
  CHECK(has(refusal("short"), "the state '0.three' of shape [3] for a vector of 6 numbers, need [6]"));
  CHECK(has(refusal("shared"), "the states '0.other' and '0.velocity' in one piece of memory"));
  CHECK(has(refusal("in_weights"), "the state '0.velocity' in the weights' own memory"));
  CHECK(has(refusal("norm"), "need an optimizer that treats every number by itself"));
  CHECK(has(refusal("forgets"), "goes on otherwise after its state was saved and restored"));
}

TEST_CASE("saving changes nothing, though a counter is one number for all pieces of a vector") {
  const instance made = trainer_of("{plugin: misbehaves}");
  const auto& t = static_cast<const trainer&>(*made.made);
  const std::int64_t n = 300'000;  // more than one piece
  const auto trained = [&](bool saves) {
    const Tensor weights = at::linspace(-1, 1, n);
    pieced_optimizer o(t, {weights});
    for (int k = 0; k < 4; ++k) {
      const std::vector<Tensor> gradient{at::linspace(k, 2, n)};
      o.gather({&gradient});
      o.step(1, [](std::size_t) { return 0.1; });
      if (saves) o.state([](const std::string&, Tensor&) {});
    }
    return weights;
  };
  CHECK(at::equal(trained(true), trained(false)));
}

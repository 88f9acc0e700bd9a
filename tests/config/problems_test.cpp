#include "noneq/config/problems.hpp"

#include <stdexcept>

#include "config/sample.hpp"
#include "doctest.hpp"

using namespace noneq;
using namespace noneq::config;

TEST_CASE("problems come out by line and column, each once") {
  problems found;
  CHECK_NOTHROW(found.raise());
  found.add(error("late", "b", {"a.yaml", 9, 1}));
  found.add(error("early", "a", {"a.yaml", 2, 7}));
  found.add(error("earlier", "a", {"a.yaml", 2, 3}));
  found.add(error("late", "b", {"a.yaml", 9, 1}));
  CHECK(found.size() == 4);
  CHECK(thrown([&] { found.raise(); }) == "a.yaml:2:3: a: earlier\na.yaml:2:7: a: early\na.yaml:9:1: b: late");
  CHECK_THROWS_AS(found.raise(), input_error);
}

TEST_CASE("guard adds what the error did not know and takes several errors apart") {
  problems found;
  CHECK(found.guard([] {}));
  CHECK(found.empty());
  CHECK_FALSE(found.guard([] { throw error("is wrong"); }, {"a.yaml", 3, 1}, "model"));
  found.guard([] { throw input_error({error("one", "x", {"a.yaml", 1, 1}), error("two")}); }, {"a.yaml", 5, 1}, "loss");
  CHECK(found.size() == 3);
  CHECK(thrown([&] { found.raise(); }) == "a.yaml:1:1: x: one\na.yaml:3:1: model: is wrong\na.yaml:5:1: loss: two");
  CHECK_THROWS_AS(found.guard([] { throw std::logic_error("a bug"); }), std::logic_error);
}

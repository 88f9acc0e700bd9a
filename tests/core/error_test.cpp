#include "noneq/core/error.hpp"

#include "doctest.hpp"

using namespace noneq;

TEST_CASE("an error is one line: place, subject, message") {
  const error e("got 3, need a value below 1", "model.rate", {"a.yaml", 4, 7});
  CHECK(std::string(e.what()) == "a.yaml:4:7: model.rate: got 3, need a value below 1");
  CHECK(std::string(error("plain").what()) == "plain");
}

TEST_CASE("at() fills in only what the error did not know") {
  const error inner("is empty", "loader.file", {});
  CHECK(std::string(inner.at({"a.yaml", 2, 1}, "loader").what()) == "a.yaml:2:1: loader.file: is empty");
}

TEST_CASE("did_you_mean offers the closest name and nothing far away") {
  CHECK(did_you_mean("cosin", {"linear", "cosine"}) == ", did you mean 'cosine'?");
  CHECK(did_you_mean("zzzzzz", {"linear", "cosine"}).empty());
  CHECK(did_you_mean("rnu", {"man", "run"}) == ", did you mean 'run'?");
  CHECK(did_you_mean("rat", {"at", "rate"}) == ", did you mean 'rate'?");
  CHECK(did_you_mean("low", {"of", "in", "as"}).empty());
  CHECK(did_you_mean("8", {"in"}).empty());
  CHECK(did_you_mean("gauss", {"binomial", "gaussian"}) == ", did you mean 'gaussian'?");
}

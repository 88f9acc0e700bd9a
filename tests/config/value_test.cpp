#include "noneq/config/value.hpp"

#include "config/sample.hpp"
#include "doctest.hpp"

using noneq::place;
using noneq::config::value;

TEST_CASE("a tree built by code keeps the order of its entries and has no places") {
  value root;
  root.child("process").child("kernel") = value::scalar("gaussian");
  root.set("seed", value::scalar("7"));
  root.set("process", value::scalar("again"));
  REQUIRE(root.entries().size() == 2);
  CHECK(root.entries()[0].first == "process");
  CHECK(root.find("process")->text() == "again");
  CHECK(root.find("nobody") == nullptr);
  CHECK(root.where().str().empty());
  CHECK(root.key_place("seed").str().empty());
  CHECK(root.remove("process"));
  CHECK_FALSE(root.remove("process"));
  CHECK_FALSE(root.contains("process"));
}

TEST_CASE("a key's place stays when only its value is replaced") {
  value root = value::map();
  root.set("a", value::scalar("1"), {"f.yaml", 3, 4});
  root.set("a", value::scalar("2"));
  CHECK(root.key_place("a").str() == "f.yaml:3:4");
}

TEST_CASE("values name themselves for messages") {
  CHECK(value::null().kind_name() == "nothing");
  CHECK(value::list().kind_name() == "a list");
  CHECK(value::map().kind_name() == "a map");
  CHECK(value::scalar("3").kind_name() == "the number 3");
  CHECK(value::scalar("true").kind_name() == "the boolean true");
  CHECK(value::scalar("abc").kind_name() == "the text 'abc'");
  CHECK(value::scalar("3", true).kind_name() == "the text \"3\"");
  CHECK(value::scalar("a\nb").brief() == "'a\\nb'");
  const std::string long_name = value::scalar(std::string(59, 'x') + "βββ").brief();
  CHECK(long_name == "'" + std::string(59, 'x') + "…'");
}

TEST_CASE("equality sees meaning: not places, not quotes without consequence") {
  value here = value::scalar("x");
  here.set_where({"f", 1, 1});
  CHECK(here == value::scalar("x", true));
  CHECK_FALSE(value::scalar("5") == value::scalar("5", true));
  CHECK_FALSE(value::list() == value::map());
  CHECK(value::scalar("") == value::scalar("", true));
  CHECK_FALSE(value::scalar("null") == value::null());
}

TEST_CASE("a scalar cannot hold keys or items, and says where it is") {
  value v = value::scalar("3");
  v.set_where({"f.yaml", 2, 5});
  CHECK(thrown([&] { v.child("a"); }) == "f.yaml:2:5: got 3, need a map");
  CHECK(thrown([&] { v.push_back({}); }) == "f.yaml:2:5: got 3, need a list");
  CHECK(thrown([&] { value::list({value::null()}).item(1); }) == "got index 1, need one below 1");
}

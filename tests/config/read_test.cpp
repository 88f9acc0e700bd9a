#include "noneq/config/read.hpp"

#include <limits>

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq;
using namespace noneq::config;

static value of(const std::string& yaml) { return parse_text(yaml, "a.yaml"); }

template <class T>
static std::string refused_as(const std::string& yaml) {
  return thrown([&] { read<T>(of(yaml)); });
}

TEST_CASE("integers: whole numbers in any spelling, nothing else") {
  CHECK(read<std::int64_t>(of("-7")) == -7);
  CHECK(read<std::int64_t>(of("0x10")) == 16);
  CHECK(read<std::int64_t>(of("1e3")) == 1000);
  CHECK(read<std::int64_t>(of("9223372036854775807")) == std::numeric_limits<std::int64_t>::max());
  CHECK(refused_as<std::int64_t>("abc") == "a.yaml:1:1: got 'abc', need an integer");
  CHECK(refused_as<std::int64_t>("1.5") == "a.yaml:1:1: got 1.5, need an integer");
  CHECK(refused_as<std::int64_t>("1_000") == "a.yaml:1:1: got '1_000', need an integer: write 1000");
  CHECK(refused_as<std::int64_t>("\"5\"") == "a.yaml:1:1: got \"5\", need an integer: remove the quotes");
  CHECK(refused_as<std::int64_t>("9223372036854775808") ==
        "a.yaml:1:1: got 9223372036854775808, need an integer that fits in 64 bits");
  CHECK(refused_as<std::int64_t>("1e300") == "a.yaml:1:1: got 1e300, need an integer that fits in 64 bits");
  CHECK(refused_as<std::int64_t>(".inf") == "a.yaml:1:1: got .inf, need an integer");
  CHECK(refused_as<std::int64_t>("[1]") == "a.yaml:1:1: got a list, need an integer");
  CHECK(refused_as<std::int64_t>("~") == "a.yaml:1:1: got nothing, need an integer");
  CHECK(refused_as<std::int64_t>("true") == "a.yaml:1:1: got true, need an integer");
}

TEST_CASE("reals are finite unless infinity is asked for; nan never") {
  CHECK(read<double>(of("1.0e-3")) == 1e-3);
  CHECK(read<double>(of("3")) == 3.0);
  CHECK(refused_as<double>(".inf") == "a.yaml:1:1: got .inf, need a finite number");
  CHECK(refused_as<double>("1e999") == "a.yaml:1:1: got 1e999, need a finite number");
  CHECK(refused_as<double>(".nan") == "a.yaml:1:1: got .nan, need a number");
  CHECK(refused_as<double>("x") == "a.yaml:1:1: got 'x', need a number");
  CHECK(read_double(of("-.inf"), infinity::allowed) == -std::numeric_limits<double>::infinity());
  CHECK_THROWS_AS(read_double(of(".nan"), infinity::allowed), error);
}

TEST_CASE("booleans are two words, and the other words get a hint") {
  CHECK(read<bool>(of("true")));
  CHECK_FALSE(read<bool>(of("false")));
  CHECK(refused_as<bool>("yes") == "a.yaml:1:1: got 'yes', need true or false: write true");
  CHECK(refused_as<bool>("Off") == "a.yaml:1:1: got 'Off', need true or false: write false");
  CHECK(refused_as<bool>("0") == "a.yaml:1:1: got 0, need true or false: write false");
  CHECK(refused_as<bool>("'true'") == "a.yaml:1:1: got \"true\", need true or false: remove the quotes");
  CHECK(refused_as<bool>("maybe") == "a.yaml:1:1: got 'maybe', need true or false");
}

TEST_CASE("texts and paths") {
  CHECK(read<std::string>(of("5")) == "5");
  CHECK(read<std::string>(of("''")).empty());
  CHECK(refused_as<std::string>("{a: 1}") == "a.yaml:1:1: got a map, need a text");
  CHECK(refused_as<std::string>("~") == "a.yaml:1:1: got nothing, need a text");
  CHECK(read<std::filesystem::path>(of("data/x.h5")) == "data/x.h5");
  CHECK(refused_as<std::filesystem::path>("''") == "a.yaml:1:1: got '', need a path");
  CHECK(refused_as<std::filesystem::path>("\"a\\0b\"").ends_with("need a path without NUL"));
}

TEST_CASE("lists: one value is a list of one, errors stand at the item") {
  CHECK(read<std::vector<std::int64_t>>(of("[128, 64]")) == std::vector<std::int64_t>{128, 64});
  CHECK(read<std::vector<std::int64_t>>(of("128")) == std::vector<std::int64_t>{128});
  CHECK(read<std::vector<double>>(of("[]")).empty());
  CHECK(read<std::vector<bool>>(of("[true, false]")) == std::vector<bool>{true, false});
  CHECK(read<std::vector<std::vector<std::int64_t>>>(of("[[1, 2], 3]")).size() == 2);
  CHECK(refused_as<std::vector<std::int64_t>>("[1, 2,\n x]") == "a.yaml:2:2: got 'x', need an integer");
  CHECK(refused_as<std::vector<std::int64_t>>("{a: 1}") == "a.yaml:1:1: got a map, need an integer");
}

TEST_CASE("maps of texts: a text alone has the empty name, the empty text is none") {
  using texts = std::map<std::string, std::string>;
  CHECK(read<texts>(of("{x: a/b, low: 3}")) == texts{{"x", "a/b"}, {"low", "3"}});
  CHECK(read<texts>(of("a/b")) == texts{{"", "a/b"}});
  CHECK(read<texts>(of("''")).empty());
  CHECK(read<texts>(of("{}")).empty());
  CHECK(refused_as<texts>("[a]") == "a.yaml:1:1: got a list, need a text, or a map of texts");
  CHECK(refused_as<texts>("{a: [b]}") == "a.yaml:1:5: got a list, need a text");
}

TEST_CASE("the caller's subject joins the reader's place") {
  try {
    read<std::int64_t>(of("abc"));
    FAIL("nothing was thrown");
  } catch (const error& e) {
    CHECK(std::string(e.at({}, "model.steps").what()) == "a.yaml:1:1: model.steps: got 'abc', need an integer");
  }
}

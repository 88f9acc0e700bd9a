#include "noneq/storage/json_text.hpp"

#include "doctest.hpp"
#include "scratch.hpp"

using namespace noneq::storage;

static std::string nested(std::size_t levels) {
  std::string text = "{\"a\":";
  for (std::size_t k = 1; k < levels; ++k) text += '[';
  return text + std::string(levels - 1, ']') + "}";
}

TEST_CASE("JSON that is deeper than what recurses may be is refused before it exists") {
  CHECK(parse_json(nested(100), "f") == *json_object(nested(100)));
  CHECK(has(failure([] { parse_json(nested(102), "f"); }), "f: got JSON deeper than 100 levels"));
  CHECK(has(failure([] { parse_json(std::string(1'000'000, '['), "f"); }), "f: got JSON deeper than 100 levels"));
  CHECK_FALSE(json_object(nested(102)));
  CHECK_FALSE(json_object(nested(1'000'000)));
}

TEST_CASE("an object of JSON is one, or nothing") {
  CHECK(json_object(R"({"a": 1})")->at("a") == 1);
  for (const char* text : {"", "[]", "7", "{", "{\"a\":}", "{} {}", "\xff", "{\"a\": 1e999}"}) {
    CAPTURE(text);
    CHECK_FALSE(json_object(text));
  }
}

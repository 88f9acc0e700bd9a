#include "noneq/config/emit.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq;
using namespace noneq::config;
using nlohmann::json;

static void round_trip(const value& v) {
  const std::string yaml = to_yaml(v);
  CAPTURE(yaml);
  CHECK(parse_text(yaml, "") == v);
}

TEST_CASE("YAML for people: short things on one line, the rest in blocks") {
  CHECK(to_yaml(parse_text(sample_pipeline, "a.yaml")) == R"(name: swiss_roll
seed: 7
defaults: {every: 5000, at: end}
process:
  kernel: gaussian
  schedule: {plugin: log_snr, steps: 40, first_beta: 1.0e-3}
  mean: epsilon
  variance: learned
graph:
  loader: {plugin: loader.hdf5, file: data/swiss_roll.h5, batch: 512}
  model: {plugin: model.mlp, in: [noiser], hidden: [128, 128, 128], ema: [0.999, 0.9999]}
  bound: {every: 5000, at: end, plugin: metric.bound, of: model}
  note: "two lines\n  of text: [not a list]\n"
  nothing: null
  last: folded text
)");
}

TEST_CASE("what was emitted parses back to the same tree") {
  round_trip(parse_text(sample_pipeline, "a.yaml"));
  round_trip(value::null());
  round_trip(value::list());
  round_trip(value::map());
  round_trip(parse_text("- {a: {b: {c: [1, [2, [3, {d: e}]]]}}}\n- []\n- {}\n- - - x\n- ~\n", ""));
  std::vector<value> many;
  for (int i = 0; i < 200; ++i) many.push_back(value::scalar(std::to_string(i)));
  round_trip(value::list(many));
  round_trip(value::map({{"long", value::list(many)}, {"nested", value::list({value::list(many), value::map()})}}));
}

TEST_CASE("nasty strings survive as values, as keys, in lists and in flow maps") {
  using namespace std::string_literals;
  const std::vector<std::string> nasty = {"",
                                          " ",
                                          "  lead",
                                          "trail  ",
                                          "~",
                                          "null",
                                          "true",
                                          "yes",
                                          "No",
                                          "3",
                                          "1e3",
                                          "0x10",
                                          ".inf",
                                          "-",
                                          "--",
                                          "---",
                                          "...",
                                          "... x",
                                          "--- x",
                                          "- a",
                                          "-a",
                                          "-1",
                                          "?",
                                          "? a",
                                          ":",
                                          ": a",
                                          "a: b",
                                          "a:",
                                          ":a",
                                          "#",
                                          "a #b",
                                          "a#b",
                                          "'",
                                          "''",
                                          "\"",
                                          "it's",
                                          "say \"x\"",
                                          "\\",
                                          "\\n",
                                          "a\nb",
                                          "\n",
                                          "a\n\n  b\n",
                                          "\t",
                                          "a\tb",
                                          "\r\n",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          "a,b",
                                          "a, b",
                                          "[a]",
                                          "&a",
                                          "*a",
                                          "!a",
                                          "!!str",
                                          "|",
                                          ">",
                                          "%a",
                                          "@a",
                                          "`a`",
                                          "<<",
                                          "=",
                                          "β_T = 1",
                                          "日本",
                                          "\x01",
                                          "\x7f",
                                          "a\0b"s,
                                          "\xC2\x85",
                                          "\xE2\x80\xA8",
                                          "\xEF\xBB\xBF",
                                          "\xF0\x9F\x98\x80",
                                          "a  b",
                                          "+x",
                                          ".",
                                          "/tmp/x y",
                                          "C:\\x",
                                          "http://x.y/z?a=b",
                                          "100%",
                                          std::string(100, 'x'),
                                          std::string(20, '\'') + std::string(20, '"')};
  value all = value::map();
  for (const std::string& text : nasty) {
    for (const bool quoted : {true, false}) {
      const value v = value::scalar(text, quoted);
      round_trip(v);
      round_trip(value::map({{text, v}}));
      round_trip(value::list({v, v, value::map({{text, v}})}));
      round_trip(value::map({{"a", value::map({{text, v}, {"b", value::list({v})}})}}));
    }
    all.set(text, value::scalar(text, true));
  }
  round_trip(all);
  CHECK(from_json(to_json(all)) == from_json(json::parse(to_json(all).dump())));
}

TEST_CASE("YAML refuses what it cannot hold") {
  CHECK(thrown([] { to_yaml(value::scalar("\xff")); }) == "got text that is not UTF-8, which YAML cannot hold");
  CHECK(thrown([] {
          to_yaml(value::map({{std::string(129, 'k'), value()}}));
        }) == "got a key of 129 bytes, need at most 128");
}

TEST_CASE("JSON has the types of the core schema") {
  const value v = parse_text(
      "{a: 1, b: 1.5, c: true, d: ~, e: '1', f: [x, 1e3, 0x10], g: {}, h: .inf, i: 9223372036854775808}", "");
  const json expected = {{"a", 1},
                         {"b", 1.5},
                         {"c", true},
                         {"d", nullptr},
                         {"e", "1"},
                         {"f", {"x", 1000.0, 16}},
                         {"g", json::object()},
                         {"h", ".inf"},
                         {"i", 9223372036854775808.0}};
  CHECK(to_json(v) == expected);
  CHECK(to_json(v)["a"].is_number_integer());
  CHECK(to_json(v)["f"][1].is_number_float());
}

TEST_CASE("JSON comes back as the same JSON") {
  const json j = {{"a", {1, -2, 1.0, 1e300, 0.1}},
                  {"b", "true"},
                  {"c", false},
                  {"d", nullptr},
                  {"e", ""},
                  {"f", "1.5"},
                  {"g", json::array()},
                  {"h", json::object()},
                  {"i", "a\nb"}};
  CHECK(to_json(from_json(j)) == j);
  CHECK(to_json(from_json(j))["a"][2].is_number_float());
  round_trip(from_json(j));
  CHECK(from_json(18446744073709551615u).text() == "18446744073709551615");
  CHECK(from_json(std::numeric_limits<double>::infinity()).text() == ".inf");
  json deep;
  for (int i = 0; i < 70; ++i) deep = json::array({deep});
  CHECK(thrown([&] { from_json(deep); }) == "got JSON of more than 64 levels, need less");
  CHECK_THROWS_AS(from_json(json::binary({1, 2})), error);
}

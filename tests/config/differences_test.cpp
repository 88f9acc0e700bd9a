#include "noneq/config/differences.hpp"

#include "doctest.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq::config;

namespace {

std::string lines(const std::string& was, const std::string& is) {
  std::string all;
  for (const difference& d : differences(parse_text(was, "a"), parse_text(is, "b"))) all += to_text(d) + "\n";
  return all;
}

}

TEST_CASE("equal pipelines differ in nothing, whatever the order and the quotes") {
  CHECK(lines("{a: 1, b: {c: x, d: [1, 2]}}", "{b: {d: [1, 2], c: 'x'}, a: 1}") == "");
}

TEST_CASE("one line a value: both, or that it is not set on one side") {
  CHECK(lines("{a: {rate: 2e-3, old: x y, list: [1, 2]}}", "{a: {rate: 1e-3, list: [1, 2, 3], new: '5'}}") ==
        "a.rate: 2e-3 → 1e-3\na.list: [1, 2] → [1, 2, 3]\na.new: not set → '5'\na.old: x y → not set\n");
  CHECK(lines("{a: {}}", "{a: {b: {c: 1, d: 2}}}") == "a.b.c: not set → 1\na.b.d: not set → 2\n");
}

TEST_CASE("a bare name is a plugin beside a map of one, and parts in a list are compared one by one") {
  CHECK(lines("{s: cosine}", "{s: {plugin: cosine, steps: 5}}") == "s.steps: not set → 5\n");
  CHECK(lines("{s: {plugin: cosine, steps: 5}}", "{s: linear}") == "s.plugin: cosine → linear\ns.steps: 5 → not set\n");
  CHECK(lines("{s: [{plugin: a, x: 1}, {plugin: b}]}", "{s: [{plugin: a, x: 2}]}") ==
        "s.0.x: 1 → 2\ns.1.plugin: b → not set\n");
  CHECK(lines("{read: x}", "{read: {x: u, z: w}}") == "read: x → {x: u, z: w}\n");
}

TEST_CASE("a difference is undone by an override with the value it was") {
  const value was = parse_text("{a: {rate: 2e-3, list: [1, 2], word: x}, b: 3}", "a");
  value is = parse_text("{a: {rate: 1e-3, list: [4], more: true}}", "b");
  for (const difference& d : differences(was, is)) apply_override(is, d.path + "=" + d.was.value_or(""));
  CHECK(is == was);
}

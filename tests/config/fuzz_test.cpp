#include <random>

#include "config/sample.hpp"
#include "doctest.hpp"
#include "noneq/config/emit.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"

using namespace noneq;
using namespace noneq::config;

// A few edits at random places: bytes YAML cares for, deletions, and pieces of the text itself.
static std::string mutated(std::string text, std::mt19937& random) {
  static const std::string bytes = "\n\n  \t:-[]{},'\"#&*!|>%@`?~<=.0e\\\r\x01\x80\xc3\xff" + std::string(1, '\0');
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  for (std::size_t edits = 1 + below(6); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text[at] = bytes[below(random() % 8 ? bytes.size() - 6 : bytes.size())];
        break;
      case 1:
        text.erase(at, 1 + below(10));
        break;
      case 2:
        text.insert(at, 1, bytes[below(bytes.size() - 6)]);
        break;
      default:
        text.insert(at, text.substr(below(text.size()), below(40)));
    }
  }
  return text;
}

TEST_CASE("any text parses or is refused with a place, and what parses is emitted and parsed back") {
  std::mt19937 random(1);
  int parsed = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = mutated(sample_pipeline, random);
    CAPTURE(text);
    value v;
    try {
      v = parse_text(text, "a.yaml");
      ++parsed;
    } catch (const error& e) {
      CHECK(e.where().file == "a.yaml");
      ++refused;
      continue;
    }
    const std::string yaml = to_yaml(v);
    CAPTURE(yaml);
    CHECK(parse_text(yaml, "") == v);
  }
  // Both ways must be walked for the test to mean anything.
  CHECK(parsed > 200);
  CHECK(refused > 200);
}

TEST_CASE("any override is applied or refused") {
  std::mt19937 random(2);
  const value root = parse_text(sample_pipeline, "a.yaml");
  for (int round = 0; round < 3000; ++round) {
    const std::string text = mutated("graph.model.hidden.0=[1, {a: b}, 'c']", random);
    CAPTURE(text);
    value changed = root;
    try {
      apply_override(changed, text);
    } catch (const error&) {
      CHECK(changed == root);
    }
  }
}

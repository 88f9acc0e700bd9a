#include "noneq/config/keys.hpp"

#include "doctest.hpp"
#include "noneq/config/parse.hpp"

using noneq::config::is_mistyped;
using noneq::config::remedy_of_key;
using noneq::config::unknown_keys;

TEST_CASE("keys: unknown ones in their order, and what each may stand for") {
  const auto map = noneq::config::parse_text("{steps: 3, hiden: [8], 128, rat: 0.1, rate: 0.2, other: 1}", "a.yaml");
  const std::vector<std::string> known{"steps", "hidden", "rate"};
  CHECK(unknown_keys(map, known) == std::vector<std::string>{"hiden", "128", "rat", "other"});
  CHECK(is_mistyped(map, "hidden", known));
  CHECK(!is_mistyped(map, "rate", known));  // it is there, whatever rat may be
  CHECK(!is_mistyped(map, "steps", known));
  CHECK(remedy_of_key(map, "hiden", known) == ", did you mean 'hidden'?");
  CHECK(remedy_of_key(map, "other", known) == "");
  CHECK(remedy_of_key(map, "128", known) ==
        "; it has no value: is it one of a list, which needs brackets, as in [1, 2]?");
}

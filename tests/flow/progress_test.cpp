#include "noneq/flow/progress.hpp"

#include "doctest.hpp"

using noneq::measured;
using noneq::flow::to_text;

TEST_CASE("a measured number has as many digits as its error gives meaning to") {
  CHECK(to_text(measured{"K", -1.35437, "bits", 0.0123}) == "K = -1.354 ± 0.012 bits");
  CHECK(to_text(measured{"K", 1234.5, "", 56}) == "K = 1234 ± 56");
  CHECK(to_text(measured{"L_T", 4.3507e-8, "bits/dim", 1.13e-9}) == "L_T = 4.35e-08 ± 1.1e-09 bits/dim");
  CHECK(to_text(measured{"L_T", -2.5, "", 1.6e-9}) == "L_T = -2.5 ± 1.6e-09");
  CHECK(to_text(measured{"L_T", 0, "", 1.6e-9}) == "L_T = 0 ± 1.6e-09");
  CHECK(to_text(measured{"beta_1", 0.00025497, ""}) == "beta_1 = 0.00025497");
}

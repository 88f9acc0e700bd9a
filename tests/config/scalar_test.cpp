#include "noneq/config/detail/scalar.hpp"

#include <limits>

#include "doctest.hpp"

using namespace noneq;
using namespace noneq::config;

TEST_CASE("the core schema decides what a plain scalar is") {
  for (const char* s : {"", "~", "null", "NULL"}) CHECK(resolve(s) == scalar_type::null);
  for (const char* s : {"true", "False"}) CHECK(resolve(s) == scalar_type::boolean);
  for (const char* s : {"0", "-3", "+12", "007", "0x1F", "0o17"}) CHECK(resolve(s) == scalar_type::integer);
  for (const char* s : {"1.", ".5", "-1e3", "1.5E-7", "+.5e+1", ".inf", "-.INF", ".NaN"})
    CHECK(resolve(s) == scalar_type::real);
  for (const char* s : {"yes", "no",   "1_000", "1,5",   ".",   "-",   "+",     "e3",  "1e",  "1e+", "0x",
                        "0xg", "-0x1", "0o8",   "1.2.3", "inf", "nan", "-.nan", "1 2", "--1", ".e1", "tRue"})
    CHECK_MESSAGE(resolve(s) == scalar_type::text, s);
}

TEST_CASE("integers to the edge of 64 bits and no further") {
  CHECK(to_integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(to_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(to_integer("9223372036854775808"));
  CHECK(to_integer("+5") == 5);
  CHECK(to_integer("0x1F") == 31);
  CHECK(to_integer("0o17") == 15);
  CHECK_FALSE(to_integer("1e3"));
}

TEST_CASE("reals, also beyond what a double holds") {
  CHECK(to_real("1.0e-3") == 1e-3);
  CHECK(to_real("-.5") == -.5);
  CHECK(to_real("1.") == 1.0);
  CHECK(to_real("9223372036854775808") == 9223372036854775808.0);
  CHECK(to_real("-1e999") == -std::numeric_limits<double>::infinity());
  CHECK(to_real("1e-999") == 0.0);
  CHECK_FALSE(to_real("abc"));
  CHECK_FALSE(to_real(""));
}

TEST_CASE("a real's text reads back as the same real") {
  for (const double x : {0.0, 1.0, -0.1, 1e20, 1e-300, 0.1 + 0.2, std::numeric_limits<double>::max()}) {
    CHECK(to_real(real_text(x)) == x);
    CHECK(resolve(real_text(x)) == scalar_type::real);
  }
  CHECK(real_text(1.0) == "1.0");
  CHECK(real_text(-std::numeric_limits<double>::infinity()) == "-.inf");
}

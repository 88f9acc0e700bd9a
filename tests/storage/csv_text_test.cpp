#include "noneq/storage/csv_text.hpp"

#include "doctest.hpp"

using noneq::storage::csv_cell;

TEST_CASE("cells are quoted where RFC 4180 needs it, and nowhere else") {
  CHECK(csv_cell("") == "");
  CHECK(csv_cell("bits/dim") == "bits/dim");
  CHECK(csv_cell("a b") == "a b");
  CHECK(csv_cell(" a") == "\" a\"");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("5\"") == "\"5\"\"\"");
  CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
  CHECK(csv_cell("ᾱ") == "ᾱ");
}

#include "noneq/flow/task_progress.hpp"

#include "doctest.hpp"
#include "noneq/flow/effort.hpp"

using noneq::flow::task_progress;

TEST_CASE("the time left is that of the rest at the rate so far") {
  const task_progress bytes(true, "repacking", task_progress::amount::bytes);
  CHECK(bytes.text(0, 3.2e9, 5) == "repacking: 0 % of 3.2 GB");
  CHECK(bytes.text(0.8e9, 3.2e9, 60) == "repacking: 25 % of 3.2 GB, 3:00 left");
  CHECK(bytes.text(3.2e9, 3.2e9, 60) == "repacking: 100 % of 3.2 GB, 0:00 left");
  const task_progress rows(true, "joining", task_progress::amount::rows);
  CHECK(rows.text(1000, 4000, 10) == "joining: 25 % of 4000 rows, 0:30 left");
  CHECK(rows.text(0, 0, 10) == "joining: 100 % of 0 rows, 0:00 left");
}

TEST_CASE("a metric has a time left as soon as one of its parts is finished") {
  noneq::flow::effort e("bound");
  e.expect(4);
  CHECK(e.text() == "bound: 0 of 4 parts, 0:00");
  e.finished();
  CHECK(e.text() == "bound: 1 of 4 parts, 0:00 left");
}

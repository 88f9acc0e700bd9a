// The records of a run as lines and as a table, which stay equal through crashes and resumed runs.
#include "noneq/flow/record_file.hpp"

#include <charconv>
#include <limits>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/flow/stop.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

// The table that the lines make.
std::string table_of(const std::string& records) {
  std::string all = table_heading();
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line);) all += table_row(nlohmann::json::parse(line));
  return all;
}

std::string row_of(const measured& m) {
  nlohmann::json record = to_json("node", m);
  record["step"] = 7;
  return table_row(nlohmann::json::parse(record.dump()));
}

std::string table_in(const scratch_folder& folder) { return storage::read_file(folder.path / "metrics.csv"); }

}

TEST_CASE("a row has a cell for each column, and numbers that come back bit for bit") {
  CHECK(table_heading() == "step,node,name,value,stderr,unit,on,n\n");
  CHECK(row_of({"K", -1.5, "bits", 0.25, "test", 100}) == "7,node,K,-1.5,0.25,bits,test,100\n");
  CHECK(row_of({"a, \"b\"", 2, "", std::nan("")}) == "7,node,\"a, \"\"b\"\"\",2,,,,\n");
  for (const double x : {0.1, 1 / 3., 1e-300, -1e22, std::numeric_limits<double>::denorm_min(), 123456789.123456789}) {
    const std::string row = row_of({"x", x, ""});
    double back = 0;
    std::from_chars(row.data() + 9, row.data() + row.size(), back);
    CHECK(back == x);
  }
}

TEST_CASE("numbers that are not finite keep their names") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(row_of({"x", infinity, ""}) == "7,node,x,inf,,,,\n");
  CHECK(row_of({"x", -infinity, ""}) == "7,node,x,-inf,,,,\n");
  CHECK(row_of({"x", std::nan(""), ""}) == "7,node,x,nan,,,,\n");
  CHECK(to_json("node", {"x", infinity, ""})["value"].is_null());
}

TEST_CASE("lost records are noticed") {
  const scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto file = folder.path / "metrics.jsonl";
  CHECK(lost_records(file, 0) == "");
  CHECK(lost_records(file, 2) == file.string() + ": is not there; its records are lost");
  storage::append(file, "{\"step\":1}\n{\"step\":2}\n{\"st");  // the last was cut as it was written
  CHECK(lost_records(file, 2) == "");
  CHECK(lost_records(file, 4) == file.string() + ": ends with step 2; the records up to step 4 are lost");
  storage::append(file, "\n{\"step\":3}\n");
  CHECK(lost_records(file, 3) == file.string() + ": a line is damaged; what it held is lost");
  storage::append(file, "\n");
  CHECK(lost_records(file, 3) == file.string() + ": 2 lines are damaged; what they held is lost");
}

TEST_CASE("the table of a run has its records, also of one that was interrupted, crashed or resumed") {
  const std::vector<std::string> changes{"graph.bound={plugin: metric.bound, of: model, samples: 64, every: 6}",
                                         "graph.trainer.log=5"};
  scratch_folder whole_folder, folder;
  const auto whole = run_small(changes, 2, whole_folder);
  const std::string table = table_in(whole_folder);
  CHECK(table == table_of(whole.records));
  CHECK(std::count(table.begin(), table.end(), '\n') > 10);

  ask_to_stop();
  CHECK_THROWS_AS(run_small(changes, 2, folder), interrupted);
  forget_stop();
  // A crash behind the checkpoint: records of later steps, a row that was cut short, a row without its line.
  storage::append(folder.path / "metrics.jsonl",
                  "{\"step\": 24, \"node\": \"bound\", \"name\": \"K\", \"value\": 1}\n");
  storage::append(folder.path / "metrics.csv", "24,bound,K,1,,,,\n24,bou");
  CHECK(run_small(changes, 2, folder, if_there::resume).records == whole.records);
  CHECK(table_in(folder) == table);

  // A run of a program that wrote no table gets it whole.
  std::filesystem::remove(folder.path / "metrics.csv");
  run_small(changes, 2, folder, if_there::resume);
  CHECK(table_in(folder) == table);
  run_small({"graph.trainer.log=24"}, 2, folder, if_there::replace);
  CHECK(table_in(folder) == table_of(storage::read_file(folder.path / "metrics.jsonl")));
}

TEST_CASE("a table without its lines, as one that was left behind, is made anew") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto lines = folder.path / "metrics.jsonl", table = folder.path / "metrics.csv";
  storage::append(table, table_heading() + "3,bound,K,1,,,,\n");
  record_file records(lines, table, 0, [](const std::string&) { return false; });
  CHECK(table_in(folder) == table_heading());
  records.add(1, "bound", {"K", 2, "bits"});
  CHECK(table_in(folder) == table_of(storage::read_file(lines)));

  scratch_folder fresh;
  std::filesystem::create_directories(fresh.path);
  record_file none(fresh.path / "metrics.jsonl", fresh.path / "metrics.csv", 0,
                   [](const std::string&) { return false; });
  CHECK(std::filesystem::is_empty(fresh.path));
}

TEST_CASE("records give way to new ones of their node, not before these are there") {
  scratch_folder folder;
  std::filesystem::create_directories(folder.path);
  const auto lines = folder.path / "metrics.jsonl", table = folder.path / "metrics.csv";
  const auto add = [](record_file& records, double value) {
    records.add(4, "bound", {"K", value, "bits"});
    records.add(4, "bound", {"vlb", value, "bits"});
    records.add(4, "distance", {"d", value, ""});
  };
  {
    record_file first(lines, table, 0, [](const std::string&) { return false; });
    first.add(4, "loss", {"loss", 0.5, "nats"});
    add(first, 1);
    first.add(5, "bound", {"K", 1, "bits"});
  }
  record_file again(lines, table, 4, [](const std::string& node) { return node != "loss"; });
  std::string expected = storage::read_file(lines);
  CHECK(std::count(expected.begin(), expected.end(), '\n') == 4);
  CHECK(table_in(folder) == table_of(expected));
  add(again, 1);
  CHECK(storage::read_file(lines) == expected);  // equal numbers, in their order
  CHECK(table_in(folder) == table_of(expected));
  record_file third(lines, table, 4, [](const std::string& node) { return node != "loss"; });
  third.add(4, "bound", {"K", 2, "bits"});
  expected = storage::read_file(lines);
  CHECK(std::count(expected.begin(), expected.end(), '\n') == 3);  // the new K, and what was not measured again
  CHECK(has(expected, "\"node\":\"distance\""));
}

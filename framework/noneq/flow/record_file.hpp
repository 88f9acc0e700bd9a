// The records of a run: metrics.jsonl, one object a line, and beside it metrics.csv, the same records as a table with
// one row each. The lines are what the program reads; the table is made from them, for spreadsheets and other programs.
#pragma once

#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "noneq/plugin/measured.hpp"

namespace noneq::flow {

inline nlohmann::ordered_json finite_or_null(double x) {
  return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr;
}

// Returns {"node", "name", "value", "unit", "stderr"}, and "on" and "n" where they are known. Numbers that are not
// finite are null; which of them the value is stands in "not_finite": "nan", "inf" or "-inf".
nlohmann::ordered_json to_json(const std::string& node, const measured& m);

// Returns the first line of the table, and the row of a record {"step", …} of metrics.jsonl. Texts are quoted as in RFC
// 4180; a number has the digits that bring it back bit for bit, or is nan, inf or -inf; what is not known is an empty
// cell.
std::string table_heading();
std::string table_row(const nlohmann::json& record);

// Returns a line about records that are lost, because metrics.jsonl is not there, lines of it are damaged, or it ends
// before the step `last`, which has a record; "" when none are. 0: no step has one. The last line may be cut: its
// record was never there.
std::string lost_records(const std::filesystem::path& file, std::int64_t last);

// Appends to both files, for one thread at a time. A record outlives the program as soon as add() returns, and a power
// cut after make_durable(), which waits for the disk.
class record_file {
 public:
  // Drops records of steps after `step`, which belong to work that a crash undid; and records of `step` itself from
  // nodes that measure it again, when the first new one of each is added: until then they are all there is. The table
  // is made anew from what is kept.
  record_file(std::filesystem::path file, std::filesystem::path table, std::int64_t step,
              const std::function<bool(const std::string& node)>& measures_again);
  void add(std::int64_t step, const std::string& node, const measured& m);
  void make_durable() const;
  std::int64_t last() const { return last_; }  // the last step with a record; 0: none

 private:
  void keep(const std::function<bool(std::int64_t step, const std::string& node)>& wanted) const;

  std::filesystem::path file_, table_;
  std::int64_t step_, last_ = 0;
  std::set<std::string> again_;  // nodes whose records of step_ give way to new ones
};

}

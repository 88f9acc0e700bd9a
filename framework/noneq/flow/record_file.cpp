#include "noneq/flow/record_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/flow/json_lines.hpp"
#include "noneq/storage/csv_text.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

namespace {

constexpr const char* columns[] = {"step", "node", "name", "value", "stderr", "unit", "on", "n"};

std::string cell(const nlohmann::json& record, const std::string& column) {
  const auto it = record.find(column);
  if (column == "value" && record.contains("not_finite")) return cell(record, "not_finite");
  if (it == record.end() || it->is_null()) return column == "value" ? "nan" : "";
  if (it->is_number_float()) return fmt::format("{}", it->get<double>());
  return it->is_string() ? storage::csv_cell(it->get<std::string>()) : it->dump();
}

}

nlohmann::ordered_json to_json(const std::string& node, const measured& m) {
  nlohmann::ordered_json record{{"node", node},
                                {"name", m.name},
                                {"value", finite_or_null(m.value)},
                                {"unit", m.unit},
                                {"stderr", finite_or_null(m.standard_error)}};
  if (!std::isfinite(m.value)) record["not_finite"] = std::isnan(m.value) ? "nan" : fmt::format("{}", m.value);
  if (!m.on.empty()) record["on"] = m.on;
  if (m.n > 0) record["n"] = m.n;
  return record;
}

std::string table_heading() { return fmt::format("{}\n", fmt::join(columns, ",")); }

std::string table_row(const nlohmann::json& record) {
  std::vector<std::string> cells;
  for (const char* column : columns) cells.push_back(cell(record, column));
  return fmt::format("{}\n", fmt::join(cells, ","));
}

std::string lost_records(const fs::path& file, std::int64_t last) {
  if (!fs::exists(file)) return last == 0 ? "" : fmt::format("{}: is not there; its records are lost", file.string());
  const std::string text = storage::read_file(file);
  std::int64_t damaged = 0, found = 0;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    const auto record = storage::json_object(text.substr(at, end - at));
    const auto step = record ? step_in(*record) : std::nullopt;
    if (!step) ++damaged;
    if (step) found = std::max(found, *step);
  }
  if (damaged > 0)
    return fmt::format("{}: {} damaged; what {} held is lost", file.string(),
                       damaged == 1 ? "a line is" : fmt::format("{} lines are", damaged), damaged == 1 ? "it" : "they");
  if (found < last)
    return fmt::format("{}: ends with step {}; the records up to step {} are lost", file.string(), found, last);
  return "";
}

record_file::record_file(fs::path file, fs::path table, std::int64_t step,
                         const std::function<bool(const std::string& node)>& measures_again)
    : file_(std::move(file)), table_(std::move(table)), step_(step) {
  if (!fs::exists(file_) && !fs::exists(table_)) return;
  keep([&](std::int64_t at, const std::string& node) {
    if (at == step && !node.empty() && measures_again(node)) again_.insert(node);
    if (at <= step) last_ = std::max(last_, at);
    return at <= step;
  });
}

void record_file::keep(const std::function<bool(std::int64_t step, const std::string& node)>& wanted) const {
  std::string kept, rows = table_heading();
  each_json_line(file_, [&](const nlohmann::json& record, const std::string& line) {
    const auto at = step_in(record);
    const bool named = record.contains("node") && record["node"].is_string();
    if (at && wanted(*at, named ? record["node"].get<std::string>() : ""))
      kept += line + "\n", rows += table_row(record);
  });
  storage::write_atomically(file_, kept);
  storage::write_atomically(table_, rows);
}

void record_file::add(std::int64_t step, const std::string& node, const measured& m) {
  if (step == step_ && again_.erase(node) > 0)
    keep([&](std::int64_t at, const std::string& of) { return at != step || of != node; });
  nlohmann::ordered_json record{{"step", step}};
  record.update(to_json(node, m));
  storage::append(file_, record.dump() + "\n");
  last_ = std::max(last_, step);
  storage::append(table_, (fs::exists(table_) ? "" : table_heading()) + table_row(record));
}

void record_file::make_durable() const {
  for (const fs::path& file : {file_, table_})
    if (fs::exists(file)) storage::make_durable(file);
}

}

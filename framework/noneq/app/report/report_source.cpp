#include "noneq/app/report/report_source.hpp"

#include <set>
#include <sstream>

#include <fmt/format.h>

#include "noneq/app/refuse.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/history.hpp"
#include "noneq/flow/named_files.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;

std::string report_source::name() const {
  const config::value* name = document.find("name");
  return name != nullptr && name->is_scalar() ? name->text() : folder.path().filename().string();
}

static std::vector<double> numbers_in(const nlohmann::json& meta, const char* key) {
  std::vector<double> all;
  if (meta.is_object() && meta.contains(key) && meta[key].is_array())
    for (const auto& x : meta[key])
      if (x.is_number()) all.push_back(x.get<double>());
  return all;
}

sizes report_source::shape() const {
  sizes all;
  for (const double n : numbers_in(model, "shape")) all.push_back(static_cast<std::int64_t>(n));
  return all;
}

std::vector<double> report_source::range() const { return numbers_in(model, "range"); }

std::string report_source::parameter(const std::string& node, const std::string& name) const {
  const config::value* graph = document.find("graph");
  const config::value* n = graph ? graph->find(node) : nullptr;
  const config::value* v = n ? n->find(name) : nullptr;
  return v != nullptr && v->is_scalar() ? v->text() : "";
}

std::string report_source::node_with(const std::string& parameter, const std::string& value) const {
  if (const config::value* graph = document.find("graph"))
    for (const auto& [id, node] : graph->entries())
      if (const config::value* v = node.find(parameter); v != nullptr && v->is_scalar() && v->text() == value)
        return id;
  return "";
}

std::string report_source::node_of(const std::string& role) const {
  if (const config::value* graph = document.find("graph"))
    for (const auto& [id, _] : graph->entries())
      if (plugin_of(id).starts_with(role + ".")) return id;
  return "";
}

// Returns the objects of a file of lines. A line that is none is left out, and named: a kill may cut the last one.
static std::vector<nlohmann::json> read_lines(const fs::path& file, std::vector<std::string>& missing) {
  std::vector<nlohmann::json> all;
  if (!fs::exists(file)) return all;
  std::istringstream lines(storage::read_file(file));
  std::int64_t broken = 0;
  bool last_is_broken = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
    last_is_broken = !record.is_object();
    if (last_is_broken)
      ++broken;
    else
      all.push_back(std::move(record));
  }
  const std::string name = file.filename().string();
  if (broken == 1 && last_is_broken)
    missing.push_back(fmt::format("The last line of {} was not written whole; it is left out.", name));
  else if (broken > 0)
    missing.push_back(fmt::format("{} lines of {} are no records; they are left out.", broken, name));
  return all;
}

static void need_run(const fs::path& folder) {
  std::error_code failed;
  std::string got;
  if (!fs::exists(folder, failed))
    got = "nothing of this name";
  else if (!fs::is_directory(folder, failed))
    got = "a file";
  else if (!fs::exists(folder / "pipeline.yaml", failed))
    got = "a folder without pipeline.yaml";
  if (!got.empty()) throw flow::refused(folder, fmt::format("got {}, need the folder of a run", got));
}

static void read_checkpoint(report_source& s) {
  if (!storage::has_checkpoint(s.folder.saved())) {
    if (!s.node_of("trainer").empty()) s.missing.emplace_back("There is no checkpoint.");
    return;
  }
  // A newer format is refused; damage is not, because the rest of the folder can be shown.
  const auto stated = nlohmann::json::parse(storage::read_file(s.folder.saved() / "checkpoint.json"), nullptr, false);
  try {
    storage::checkpoint_head head = storage::load_checkpoint_head(s.folder.saved());
    s.trained = std::move(head.meta), s.weights = std::move(head.tensors_crc32);
  } catch (const error& e) {
    if (stated.is_object() && stated.contains("format") && stated["format"].is_number() &&
        stated["format"].get<double>() > 1)
      throw input_error({e});
    s.missing.push_back(fmt::format("The checkpoint cannot be read: {}.", e.what()));
  }
}

// Returns the meta of a checkpoint; null where it cannot be read.
static nlohmann::json meta_of(const fs::path& run) {
  try {
    return storage::load_checkpoint_head(flow::run_folder(run).saved()).meta;
  } catch (const error&) {
    return nullptr;
  }
}

// A pipeline without a trainer applies the model of a run, whose folder its nodes name.
static void find_model(report_source& s) {
  s.model = s.trained;
  const config::value* graph = s.document.find("graph");
  if (!s.model.is_null() || graph == nullptr || !graph->is_map()) return;
  for (const auto& [_, node] : graph->entries())
    if (const config::value* of = node.find("of"); s.model.is_null() && of != nullptr && of->is_scalar())
      if (storage::has_checkpoint(flow::run_folder(of->text()).saved())) s.model = meta_of(of->text());
}

static void read_history(report_source& s) {
  s.history = read_lines(s.folder.history(), s.missing);
  for (const auto& line : s.history)
    if (const auto format = line.find("format");
        format != line.end() && format->is_number_integer() && format->get<int>() > flow::history::newest_format)
      throw input_error({error(
          fmt::format("got format {}, need at most {}: update noneq", format->get<int>(), flow::history::newest_format),
          "", {s.folder.history().string()})});
  if (s.history.empty())
    s.missing.emplace_back(
        "There is no history.jsonl, so the machine, the versions and the time of each node are unknown.");
}

static void make_plan_of(report_source& s) {
  try {
    config::value document = s.document;
    const bool known = s.trained.is_object() && s.trained.contains("begun_in") && s.trained["begun_in"].is_string();
    flow::look_for_files(document, s.plugins, known ? s.trained["begun_in"].get<std::string>() : "");
    s.plan = flow::make_plan(document, s.plugins);
  } catch (const error& e) {
    s.missing.push_back(fmt::format("The pipeline cannot be opened, so its graph and schedule are not shown: {}.",
                                    first_line(e.what())));
  }
}

static void list_files(report_source& s) {
  std::error_code failed;
  std::set<std::string> gone;
  for (const fs::path& file : flow::written_files(s.folder.path()).names()) {
    const fs::path within = file.lexically_relative(s.folder.path());
    if (!flow::lies_within(s.folder.path(), within)) continue;  // the list may name anything
    if (fs::is_regular_file(file, failed))
      s.files.push_back(within);
    else
      gone.insert(within.string());
  }
  for (const std::string& name : gone) s.missing.push_back(fmt::format("{} was removed.", name));
}

report_source read_run(const fs::path& folder, registry& plugins) {
  need_run(folder);
  return as_input([&] {
    report_source s{flow::run_folder(folder),
                    storage::read_file(folder / "pipeline.yaml"),
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    plugins};
    s.document = config::parse_text(s.yaml, (folder / "pipeline.yaml").string());
    read_checkpoint(s);
    find_model(s);
    read_history(s);
    make_plan_of(s);
    s.records = read_lines(s.folder.records(), s.missing);
    const bool measures = !s.node_of("loss").empty() || !s.node_of("metric").empty();
    if (s.records.empty() && measures) s.missing.emplace_back("Nothing was recorded in metrics.jsonl.");
    list_files(s);
    return s;
  });
}

}

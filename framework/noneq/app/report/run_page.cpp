#include "noneq/app/report/run_page.hpp"

#include <ctime>
#include <fstream>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/drawing.hpp"
#include "noneq/app/page/frame.hpp"
#include "noneq/app/report/drawn_samples.hpp"
#include "noneq/app/report/embedding.hpp"
#include "noneq/app/report/measured_numbers.hpp"
#include "noneq/app/shared_folder.hpp"
#include "noneq/flow/folder_lock.hpp"
#include "noneq/flow/manifest.hpp"
#include "noneq/flow/progress.hpp"
#include "noneq/flow/unit_folder.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

constexpr const char* mark = "<meta name=\"generator\" content=\"noneq\">";

std::string plain(const nlohmann::json& line, const char* key) {
  const auto it = line.find(key);
  if (it == line.end() || it->is_null()) return "";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

// The last line of the history that marks an end; null where the last beginning has none.
nlohmann::json last_end(const report_source& run) {
  if (run.history.empty() || plain(run.history.back(), "event") != "ends") return nullptr;
  return run.history.back();
}

double number_or(const nlohmann::json& line, const char* key, double otherwise) {
  const auto it = line.is_object() ? line.find(key) : line.end();
  return line.is_object() && it != line.end() && it->is_number() ? it->get<double>() : otherwise;
}

// Calls and seconds of each node, over all parts of a run that was interrupted.
ordered_json node_times_of(const report_source& run) {
  std::map<std::string, std::pair<double, double>> sums;
  for (const auto& line : run.history)
    if (const auto nodes = line.find("nodes"); nodes != line.end() && nodes->is_object())
      for (const auto& [id, sum] : nodes->items()) {
        sums[id].first += number_or(sum, "calls", 0);
        sums[id].second += number_or(sum, "seconds", 0);
      }
  ordered_json all = ordered_json::array();
  for (const auto& [id, sum] : sums)
    all.push_back({{"node", id}, {"plugin", run.plugin_of(id)}, {"calls", sum.first}, {"seconds", sum.second}});
  return all;
}

std::string seconds_text(double s) {
  if (s < 1e-3) return fmt::format("{:.2g} µs", 1e6 * s);
  if (s < 1) return fmt::format("{:.3g} ms", 1e3 * s);
  return s < 120 ? fmt::format("{:.3g} s", s) : flow::minutes(s) + " min";
}

ordered_json graph_of(report_source& run, const ordered_json& times) {
  if (!run.plan) return nullptr;
  double all = 0;
  for (const auto& t : times) all += t["seconds"].get<double>();
  std::map<std::string, std::string> notes;
  for (const auto& t : times)
    notes[t["node"]] = fmt::format("{} · {:.1f} %", seconds_text(t["seconds"]),
                                   100 * t["seconds"].get<double>() / std::max(all, 1e-9));
  try {
    return svg_of(as_dot(*run.plan, notes));
  } catch (const error& e) {
    run.missing.push_back(fmt::format("The graph cannot be drawn: {}.", e.what()));
    return nullptr;
  }
}

std::int64_t last_step(const report_source& run) {
  std::int64_t step = static_cast<std::int64_t>(number_or(run.trained, "step", 0));
  for (const auto& r : run.records)
    if (const auto at = r.find("step"); at != r.end() && at->is_number_integer())
      step = std::max(step, at->get<std::int64_t>());
  return step;
}

// Returns whether a process is at work in the folder, or at a part of its job.
bool is_at_work(const fs::path& folder) {
  if (!flow::holder_of(folder).empty()) return true;
  const auto parts = flow::unit_folder(folder).parts();
  return std::any_of(parts.begin(), parts.end(), [](const auto& p) { return !flow::holder_of(p.folder).empty(); });
}

// Returns whether the job of a pipeline that works in units is finished; nothing for other runs, and where its manifest
// is damaged.
std::optional<bool> finished_units(const fs::path& folder) {
  try {
    if (const auto m = flow::read_manifest(folder)) return m->finished;
  } catch (const error&) {  // the page shows what is left
  }
  return std::nullopt;
}

// One word for the end of the run, and the reason where it failed.
std::pair<std::string, std::string> state_of(const report_source& run) {
  const nlohmann::json end = last_end(run);
  const std::string how = end.is_null() ? "" : plain(end, "how");
  const bool trained = run.trained.is_object() && run.trained.contains("finished") && run.trained["finished"] == true;
  const auto units = finished_units(run.folder.path());
  if (units ? *units : how == "finished" || (how.empty() && trained)) return {"finished", ""};
  if (is_at_work(run.folder.path())) return {"at work", ""};
  if (how == "interrupted") return {"interrupted", ""};
  if (how == "finished") return {"unfinished", "Parts of the job are missing, or are at work on another machine."};
  if (!how.empty()) return {"failed", how};
  return {"unfinished", "The run ended without a word, or it is at work on another machine."};
}

ordered_json environment_of(const report_source& run) {
  ordered_json rows = ordered_json::array();
  const auto add = [&](const char* what, const std::string& text) {
    if (!text.empty()) rows.push_back({what, text});
  };
  const config::value* seed = run.document.find("seed");
  add("seed", seed != nullptr && seed->is_scalar() ? seed->text() : "");
  double seconds = 0;
  const nlohmann::json* begin = nullptr;
  std::int64_t begins = 0;
  std::set<std::string> parts;
  for (const auto& line : run.history) {
    seconds += number_or(line, "seconds", 0);
    if (plain(line, "event") == "begins") begin = &line, ++begins, parts.insert(plain(line, "part"));
  }
  if (begin != nullptr) {
    add("began", plain(run.history.front(), "time"));
    const auto again = begins - static_cast<std::int64_t>(parts.size());
    if (parts.size() > 1) add("parts", fmt::format("{}, each by a process of its own", parts.size()));
    if (again > 0)
      add("resumed", fmt::format("{} {}, the last at {}", again, again == 1 ? "time" : "times", plain(*begin, "time")));
    if (seconds > 0) add("took", seconds_text(seconds) + (parts.size() > 1 ? ", summed over the parts" : ""));
    add("noneq", plain(*begin, "noneq"));
    add("libtorch", plain(*begin, "libtorch"));
    add("system", plain(*begin, "system"));
    add("processor", plain(*begin, "processor"));
    if (number_or(*begin, "processes", 1) > 1) add("processes", plain(*begin, "processes"));
    add("threads", plain(*begin, "threads"));
    add("command", plain(*begin, "command"));
    add("directory", plain(*begin, "directory"));
  }
  add("folder", fs::absolute(run.folder.path()).lexically_normal().string());
  if (run.trained.is_object()) add("checkpoint", fmt::format("step {:.0f}", number_or(run.trained, "step", 0)));
  add("weights, CRC-32", run.weights);
  if (run.trained.is_object()) add("data, checksum", plain(run.trained, "data"));
  return rows;
}

ordered_json facts_of(report_source& run, page_budget& budget) {
  const ordered_json times = node_times_of(run);
  const auto [state, reason] = state_of(run);
  ordered_json facts{{"name", run.name()},
                     {"folder", run.folder.path().string()},
                     {"state", state},
                     {"reason", reason},
                     {"step", last_step(run)},
                     {"steps", nullptr},
                     {"pipeline", run.yaml},
                     {"environment", environment_of(run)},
                     {"times", times},
                     {"graph", graph_of(run, times)},
                     {"numbers", numbers_of(run)},
                     {"curves", curves_of(run)},
                     {"schedule", schedule_of(run)},
                     {"trajectories", trajectories_of(run, budget)},
                     {"samples", samples_of(run, budget)}};
  if (const std::string trainer = run.node_of("trainer"); !trainer.empty())
    facts["steps"] = std::atoll(run.parameter(trainer, "steps").c_str());
  ordered_json files = ordered_json::array();
  for (const fs::path& file : run.files) files.push_back(file.string());
  facts["files"] = std::move(files);
  facts["missing"] = run.missing;
  return facts;
}

}

std::string report_page(const std::vector<fs::path>& folders, registry& plugins,
                        const std::optional<std::string>& state) {
  const at::NoGradGuard values_only;
  const fs::path page = shared_folder("report");
  page_budget budget;  // of all runs, in turn
  const std::int64_t limit = budget.left;
  std::vector<report_source> runs;
  for (const fs::path& folder : folders) runs.push_back(read_run(folder, plugins));
  ordered_json all = ordered_json::array();
  std::vector<std::string> names;
  for (report_source& run : runs) {
    all.push_back(facts_of(run, budget));
    names.push_back(run.name());
  }
  const ordered_json content{{"made", fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)))},
                             {"noneq", NONEQ_VERSION},
                             {"limit", fmt::format("{} MB", limit >> 20)},
                             {"left_out", budget.left_out},
                             {"state", state.value_or("")},
                             {"runs", std::move(all)}};
  return filled(page, "page.html",
                {{"mark", mark},
                 {"connect", state ? " connect-src 'self';" : ""},
                 {"watching", state ? storage::read_file(page / "watching.js") : ""},
                 {"title", in_html(fmt::format("{}", fmt::join(names, ", ")))},
                 {"data", in_script(content)}});
}

fs::path write_report(const fs::path& folder, registry& plugins) {
  const fs::path file = flow::run_folder(folder).report();
  std::string head(200, '\0');
  if (fs::exists(file)) {
    std::ifstream there(file);
    there.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (head.find(mark) == head.npos)
      throw input_error(
          {error("got a file that is no report of noneq, need another name by --out", "", {file.string()})});
  }
  storage::write_atomically(file, report_page({folder}, plugins));
  return file;
}

}

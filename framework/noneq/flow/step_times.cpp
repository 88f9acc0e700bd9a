#include "noneq/flow/step_times.hpp"

#include <chrono>
#include <fstream>
#include <iomanip>
#include <sstream>

#include <nlohmann/json.hpp>

#include "noneq/flow/run_folder.hpp"

namespace noneq::flow {

// The time of a line, "2024-05-17T12:00:00Z"; 0 when it is none.
static double seconds_of(const nlohmann::json& line) {
  const auto time = line.find("time");
  std::istringstream text(time != line.end() && time->is_string() ? time->get<std::string>() : "");
  std::tm parts{};
  text >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  return text.fail() ? 0 : static_cast<double>(::timegm(&parts));
}

step_times::step_times(const std::filesystem::path& run, std::int64_t last) {
  std::ifstream lines(run_folder(run).history());
  bool ended = false;
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("step") || !line["step"].is_number_integer()) continue;
    if (const double time = seconds_of(line); time > 0) all_.push_back({line["step"].get<std::int64_t>(), time});
    ended = line.contains("event") && line["event"] == "ends";
  }
  std::error_code failed;
  const auto written = std::filesystem::last_write_time(run_folder(run).records(), failed);
  if (ended || failed) return;
  all_.push_back(
      {last, std::chrono::duration<double>(std::chrono::file_clock::to_sys(written).time_since_epoch()).count()});
}

double step_times::of(std::int64_t step) const {
  if (all_.empty()) return 0;
  // The last stretch that holds the step counts: an earlier one may have been undone.
  for (auto end = all_.rbegin(); end + 1 != all_.rend(); ++end) {
    const known &from = *(end + 1), &to = *end;
    if (step < from.step || step > to.step || from.step == to.step) continue;
    const double share = static_cast<double>(step - from.step) / static_cast<double>(to.step - from.step);
    return from.time + share * (to.time - from.time);
  }
  return step <= all_.front().step ? all_.front().time : all_.back().time;
}

}

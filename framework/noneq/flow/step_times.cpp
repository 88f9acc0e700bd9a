#include "noneq/flow/step_times.hpp"

#include <chrono>
#include <iomanip>
#include <sstream>

#include "noneq/flow/json_lines.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::flow {

// The time of a line, "2024-05-17T12:00:00Z"; 0 when it is none.
static double seconds_of(const nlohmann::json& line) {
  std::istringstream text(text_at(line, "time"));
  std::tm parts{};
  text >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  return text.fail() ? 0 : static_cast<double>(::timegm(&parts));
}

step_times::step_times(const std::filesystem::path& run, std::int64_t last) {
  bool ended = false;
  each_json_line(run_folder(run).history(), [&](const nlohmann::json& line, const std::string&) {
    const auto step = step_in(line);
    if (!step) return;
    if (const double time = seconds_of(line); time > 0) all_.push_back({*step, time});
    ended = text_at(line, "event") == "ends";
  });
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

// What a run tells people and machines: a progress line on a terminal, plain lines otherwise, and metrics.jsonl, one
// object a record. Used by one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "noneq/plugin/roles/metric.hpp"

namespace noneq {

class progress {
 public:
  // quiet: only errors are printed.
  progress(bool quiet, std::int64_t first_step, std::int64_t last_step);
  // Says one line; the progress line moves below it.
  void say(const std::string& line);
  // After each training step.
  void stepped(std::int64_t step, double loss, const char* unit);

 private:
  void draw(std::int64_t step, double loss, const char* unit);
  using clock = std::chrono::steady_clock;
  const bool quiet_, terminal_;
  const std::int64_t first_, last_;
  const clock::time_point start_ = clock::now();
  clock::time_point next_ = start_;
  bool line_open_ = false;
};

// "K = −1.37 ± 0.01 bits"; no more digits than the error gives meaning to.
std::string to_text(const measured& m);

inline nlohmann::ordered_json finite_or_null(double x) {
  return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr;
}

// {"node", "name", "value", "unit", "stderr"}, and "on" and "n" where they are known; what is not finite is null.
nlohmann::ordered_json to_json(const std::string& node, const measured& m);

// Appends to metrics.jsonl; every record is whole on disk when the call returns.
class record_file {
 public:
  // Records of steps after `step` are dropped: they belong to work that a crash undid. So are those of `step` itself
  // from nodes that will measure it again.
  record_file(std::filesystem::path file, std::int64_t step,
              const std::function<bool(const std::string& node)>& measures_again);
  void add(std::int64_t step, const std::string& node, const measured& m);

 private:
  std::filesystem::path file_;
};

}

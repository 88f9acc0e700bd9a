// The history of a run, history.jsonl in its folder: a line when the program begins to work there, with its version,
// the machine and the command, and a line when it ends, with the step that was reached and the time of each node.
// Processes that do parts of one job add their lines to one file. A run never fails for its history: a line that cannot
// be written is dropped. Nothing but a report and events for TensorBoard reads it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <nlohmann/json.hpp>

#include "noneq/flow/observers.hpp"
#include "noneq/flow/open_calls.hpp"

namespace noneq::flow {

// Adds up calls and time of each node, without the calls of other nodes within its own. Observes any number of threads;
// found() is called after the last.
class node_times final : public observer {
 public:
  void begins(const node_call& c) override;
  void ended(const node_call& c) override;

  struct sum {
    std::int64_t calls = 0;
    double seconds = 0;
  };
  std::map<std::string, sum> found() const;  // by node

 private:
  mutable std::mutex one_;
  open_calls open_;
  std::map<const plan_node*, sum> sums_;
};

class history {
 public:
  // `part`: of a processing pipeline, "2/16"; "": all of it. `processes`: that do the work together.
  explicit history(const std::filesystem::path& folder, std::string part = "", int processes = 1)
      : file_(folder / "history.jsonl"), part_(std::move(part)), processes_(processes) {}

  void begins(std::int64_t step, int threads, const std::string& command);
  // Calls work() between both lines; the second is added whatever ends it. `step` returns the one that was reached.
  void around(int threads, const std::string& command, const std::function<std::int64_t()>& step,
              const node_times& times, const std::function<void()>& work);
  // `how`: "finished", "interrupted", or the message of the error that ended the run.
  void ends(std::int64_t step, const std::string& how, const node_times& times) const;

  // The content of a line that marks a beginning, or of one that marks an end. A newer program may write others.
  static constexpr int newest_format = 1;

 private:
  void add(nlohmann::ordered_json line) const;

  std::filesystem::path file_;
  std::string part_;
  int processes_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}

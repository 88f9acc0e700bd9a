// A trace of a run for Perfetto or chrome://tracing: one row a worker thread, one slice a call of a node and batch, and
// counters of the batches under way and of the memory in use. Observes any number of threads.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>

#include "noneq/core/ranks.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::flow {

// Returns whether a file begins as traces do.
bool is_trace(const std::filesystem::path& file);

class trace final : public observer {
 public:
  // Opens the file, or another rank's trace_of_rank(), which is complete when the trace is destroyed. Throws
  // noneq::error when it cannot be written.
  trace(std::filesystem::path file, const workers& pool, const ranks& r = alone());
  ~trace() override;

  void begins(const node_call& c) override;
  void ended(const node_call& c) override;
  void under_way(std::int64_t batches) override;

 private:
  using clock = std::chrono::steady_clock;
  struct row;

  // A reading of the counters; without one of the memory, its megabytes are −1.
  struct count {
    std::int64_t at, batches;
    double megabytes;
  };

  std::int64_t now() const { return std::chrono::nanoseconds(clock::now() - start_).count(); }
  row& here();
  void flush(row& r);
  void flush_counts();
  void put(const std::string& text);

  const std::filesystem::path file_;
  const int process_;  // 1 for the first rank
  const clock::time_point start_ = clock::now();
  std::vector<std::unique_ptr<row>> rows_;  // by the index of the thread; the last is that of all others
  std::mutex writing_;
  std::ofstream out_;
  bool first_ = true;
  std::mutex counting_;
  std::vector<count> counts_;  // that are not written yet
  std::int64_t next_memory_ = 0;
};

// Returns the file in which a rank writes its part of a trace: name.json, name-rank-1.json, …
std::filesystem::path trace_of_rank(const std::filesystem::path& file, const ranks& r);

// Throws input_error when a trace must not be written to this file by a run in this folder: it replaces another trace
// and no other file, and lies outside of the folder.
void refuse_trace(const std::filesystem::path& file, const std::filesystem::path& folder);

}

// The observers of every run: progress for the user, records and arrays of metrics, and the list of written files.
#pragma once

#include <list>

#include "noneq/flow/effort.hpp"
#include "noneq/flow/kept_arrays.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/progress.hpp"
#include "noneq/flow/record_file.hpp"
#include "noneq/flow/written_files.hpp"

namespace noneq::flow {

// Shows each step, the progress of samplers and metrics, their results, and the files that were written.
class shown_progress final : public observer {
 public:
  // `unit`: that of the loss. `say` outlives this.
  shown_progress(progress& say, std::string unit) : say_(say), unit_(std::move(unit)) {}

  void expects(const plan_node& n, std::int64_t batches) override;
  void network_called(const plan_node& n) override;
  void advanced(const plan_node& n, double share) override;
  void ended(const node_call& c) override;
  void stepped(std::int64_t step, double loss) override { say_.stepped(step, loss, unit_.c_str()); }
  void found(const plan_node& n, const event& e, const outcome& o) override;
  void remark(const std::string& line) override { say_.say(line); }

 private:
  effort& of(const plan_node& n);

  progress& say_;
  const std::string unit_;
  std::mutex one_;
  std::map<const plan_node*, effort> efforts_;
};

// Passes on the records of metrics.
class record_listener final : public observer {
 public:
  using recorder = std::function<void(const plan_node& n, const measured& m)>;
  explicit record_listener(recorder record) : record_(std::move(record)) {}
  void found(const plan_node& n, const event&, const outcome& o) override {
    for (const measured& m : o.records) record_(n, m);
  }

 private:
  const recorder record_;
};

// Adds records to metrics.jsonl and metrics.csv, and arrays of metrics to metrics.h5.
class recorded final : public observer {
 public:
  recorded(record_file& records, kept_arrays& arrays) : records_(records), arrays_(arrays) {}
  void loss_found(const plan_node& n, std::int64_t step, const measured& m) override { records_.add(step, n.id, m); }
  void found(const plan_node& n, const event& e, const outcome& o) override {
    for (const measured& m : o.records) records_.add(e.step, n.id, m);
    if (n.role() == "metric" && !o.arrays.tensors.empty()) arrays_.add(e.step, n.id, o.arrays);
  }

 private:
  record_file& records_;
  kept_arrays& arrays_;
};

// Adds files to the list of those that the run wrote.
class listed_files final : public observer {
 public:
  explicit listed_files(std::filesystem::path folder) : files_(std::move(folder)) {}
  void found(const plan_node&, const event&, const outcome& o) override {
    for (const auto& file : o.files) files_.add(file);
  }

 private:
  const written_files files_;
};

}

// A small pipeline for the tests of the flow, as text, and a run of it in a folder of its own.
#pragma once

#include <unistd.h>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

#include "noneq/config/overrides.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/run.hpp"
#include "noneq/plugin/registry.hpp"
#include "noneq/storage/files.hpp"

namespace testing {

inline const char* const small_pipeline = R"(
name: small
seed: 3
process:
  kernel: gaussian
  schedule: {plugin: log_snr, steps: 12, first_beta: 1.0e-3}
  mean: v
  variance: learned_range
graph:
  loader: {plugin: loader.swiss_roll, batch: 96}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [16, 16]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 24, ema: [0.9], log: 6, shards: 2}
)";

inline noneq::registry& test_plugins() {
  static noneq::registry r({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  return r;
}

inline noneq::flow::plan small_plan(const std::vector<std::string>& changes = {}, const char* text = small_pipeline) {
  noneq::config::value document = noneq::config::parse_text(text, "small.yaml");
  for (const std::string& change : changes) noneq::config::apply_override(document, change);
  return noneq::flow::make_plan(document, test_plugins());
}

// What is wrong with a small pipeline, "" for nothing.
inline std::string problems_of(const std::vector<std::string>& changes) {
  try {
    small_plan(changes);
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// A folder that goes with the test.
struct scratch_folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("noneq-flow-{}-{}", getpid(), counter()++);
  ~scratch_folder() { std::filesystem::remove_all(path); }
  static int& counter() {
    static int n = 0;
    return n;
  }
};

struct finished_run {
  noneq::storage::checkpoint saved;
  std::string records;
};

inline finished_run run_small(const std::vector<std::string>& changes, int threads, const scratch_folder& folder,
                              noneq::flow::if_there policy = noneq::flow::if_there::refuse) {
  noneq::flow::run(small_plan(changes), {folder.path, policy, threads, true});
  return {noneq::storage::load_checkpoint(folder.path / "checkpoint"),
          noneq::storage::read_file(folder.path / "metrics.jsonl")};
}

inline finished_run run_small(const std::vector<std::string>& changes, int threads = 2) {
  return run_small(changes, threads, scratch_folder{});
}

// The records of other steps than `step`.
inline std::string without_step(const std::string& records, std::int64_t step) {
  std::string kept;
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line);)
    if (nlohmann::json::parse(line).at("step") != step) kept += line + "\n";
  return kept;
}

// The names of tensors that are not bitwise equal; "" when none.
inline std::string differences(const noneq::storage::checkpoint& a, const noneq::storage::checkpoint& b) {
  std::string names;
  if (a.tensors.size() != b.tensors.size()) names += "(another number of tensors) ";
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    if (other == b.tensors.end() || !at::equal(tensor, other->second)) names += name + " ";
  }
  return names;
}

}

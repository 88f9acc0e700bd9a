// The pipeline of a task: rows that the caller gives, the node that does it with the model of the run, and a writer
// that takes the results.
#pragma once

#include <set>

#include "noneq/flow/session.hpp"

namespace noneq::runs {

struct task_pipeline {
  config::value document;
  std::string node;                    // that does the task
  std::string result;                  // the tensor that it makes
  std::map<std::string, sizes> needs;  // tensors of the caller, and the shape of one row of each; of a label []
  std::set<std::string> missing;       // those of them that may have NaN
  std::int64_t chunk;                  // rows that are computed together
};

// Returns the names of all tasks.
const std::vector<std::string>& task_names();

// `trained` is the pipeline that the model was trained by, with the run's own sampler; `run` its folder, absolute.
// Throws noneq::error when there is no such task, or when `settings`, a map, lacks what the task needs.
task_pipeline pipeline_of(const std::string& task, const config::value& settings, const flow::session& model,
                          const config::value& trained, const std::filesystem::path& run);

}

// The pipeline that applies a trained run to the rows of a file, for the usual tasks. Pure.
#pragma once

#include "noneq/flow/session.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::flow {

struct application_request {
  std::string task;           // one of application_tasks()
  std::filesystem::path run;  // folder of the trained run
  tensor_rows rows;           // "x0", or, to generate, the condition that they are
  std::vector<tensor_rows> beside = {};
  std::filesystem::path out;  // name of the file to write, within the folder of the run
  std::int64_t members = 0, t = 0, steps = 0;
  double deviation = 0;  // of the noise in the data, in data units; 0: not stated
  std::int64_t seed = 0;
};

// denoise, fill, generate, score, encode.
const std::vector<std::string>& application_tasks();

// Returns the tensors beside x0 that the model reads, without masks, which follow from the data.
std::vector<std::string> conditions_to_give(const session& run);

// Removes from a sampler node all that belongs to its place in a pipeline: inputs, guides, numbers of samples.
void leave_place_of_sampler(config::value& sampler);
// Makes a sampler node keep the numbers of x0 that are not NaN.
void keep_known_values(config::value& sampler);

// Returns the pipeline, in which the rows pass through those transforms of the run that change their shape. Throws
// noneq::error when the request does not state what the task needs.
config::value applied_pipeline(const session& run, const application_request& r);

}

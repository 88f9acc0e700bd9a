// Whether a run may go on by this pipeline: what makes its model may not change between the parts of an interrupted
// run.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// `was` is the pipeline with which the run in `folder` began, with every default. The pace of the trainer may change,
// and what stands beside the model, such as writers; names of files may, for the loaders `known`, whose data is known
// by its contents. Throws input_error with every other value that differs, at its place in the file of `p`; where a
// plugin differs, with that and not with its parameters.
void need_same_pipeline(const config::value& was, const plan& p, const std::set<std::string>& known,
                        const std::filesystem::path& folder);

}

// Shared by the verbs on a finished run: its pipeline with other nodes beside the model.
#pragma once

#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::app {

// Returns the run of a folder, its pipeline changed by `change`. Throws input_error, also when the checkpoint is
// damaged.
std::unique_ptr<flow::session> open_run(const std::string& folder, registry& plugins,
                                        const std::function<void(config::value&)>& change);

}
